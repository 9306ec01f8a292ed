//! A queue that grows and shrinks a chunk at a time. However long it gets, nothing that is in it is
//! copied to make room: that would be done under the inbox's lock, while every publisher waits.

use std::collections::VecDeque;

/// Elements of a chunk.
const CHUNK: usize = 256;

/// First in, first out.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// The oldest first. Only the last one has room; it stays when it is empty.
    chunks: VecDeque<VecDeque<T>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { chunks: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.front().is_none_or(VecDeque::is_empty)
    }

    pub(super) fn push(&mut self, element: T) {
        match self.chunks.back_mut() {
            Some(last) if last.len() < CHUNK => last.push_back(element),
            _ => {
                let mut chunk = VecDeque::with_capacity(CHUNK);
                chunk.push_back(element);
                self.chunks.push_back(chunk);
            }
        }
    }

    /// Moves up to `most` elements out, the oldest first; how many.
    pub(super) fn take(&mut self, elements: &mut Vec<T>, most: usize) -> usize {
        let mut left = most;
        while let Some(first) = self.chunks.front_mut() {
            let taken = left.min(first.len());
            elements.extend(first.drain(..taken));
            left -= taken;
            if !first.is_empty() || self.chunks.len() == 1 {
                break;
            }
            self.chunks.pop_front();
        }
        most - left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_pushed_comes_out_in_order(acts in proptest::collection::vec((0usize..700, 0usize..700), 0..12)) {
            let (mut queue, mut pushed, mut taken) = (Queue::default(), 0, Vec::new());
            for (push, take) in acts {
                (pushed..pushed + push).for_each(|number| queue.push(number));
                pushed += push;
                let waited = pushed - taken.len();
                prop_assert_eq!(queue.take(&mut taken, take), take.min(waited));
                prop_assert_eq!(queue.is_empty(), taken.len() == pushed);
                prop_assert!(queue.chunks.len() <= (pushed - taken.len()) / CHUNK + 2);
            }
            prop_assert!(taken.iter().copied().eq(0..taken.len()));
        }
    }
}
