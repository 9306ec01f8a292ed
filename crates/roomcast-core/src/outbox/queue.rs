//! A queue whose only element stands in the queue itself: most outboxes hold one entry or none, and
//! then there is no second place in memory to reach for, and none to keep.

use std::collections::VecDeque;

/// A double-ended queue. If `only` is there, `many` is empty.
#[derive(Debug)]
pub(super) struct Queue<T> {
    only: Option<T>,
    many: VecDeque<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { only: None, many: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    pub(super) fn len(&self) -> usize {
        usize::from(self.only.is_some()) + self.many.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.only.is_none() && self.many.is_empty()
    }

    pub(super) fn push_back(&mut self, element: T) {
        if self.is_empty() {
            self.only = Some(element);
        } else {
            self.all().push_back(element);
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        self.only.take().or_else(|| self.many.pop_front())
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.only.as_ref().or_else(|| self.many.front())
    }

    /// The element, if there is just one.
    pub(super) fn only(&self) -> Option<&T> {
        self.only.as_ref()
    }

    /// Drops the only element.
    pub(super) fn drop_only(&mut self) {
        self.only = None;
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        match &self.only {
            Some(only) => (index == 0).then_some(only),
            None => self.many.get(index),
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.only.iter().chain(&self.many)
    }

    /// All of it as a deque, for everything else.
    pub(super) fn all(&mut self) -> &mut VecDeque<T> {
        self.many.extend(self.only.take());
        &mut self.many
    }

    /// Gives back the memory of an empty queue.
    pub(super) fn shrink(&mut self) {
        if self.many.is_empty() && self.many.capacity() > 0 {
            self.many = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_deque(acts in proptest::collection::vec(0u8..4, 0..40)) {
            let (mut queue, mut deque) = (Queue::default(), VecDeque::new());
            for (number, act) in acts.into_iter().enumerate() {
                match act {
                    0 | 1 => (queue.push_back(number), deque.push_back(number)).0,
                    2 => prop_assert_eq!(queue.pop_front(), deque.pop_front()),
                    _ => {
                        prop_assert_eq!(&*queue.all(), &deque);
                        queue.shrink();
                    }
                }
                prop_assert_eq!(queue.len(), deque.len());
                prop_assert_eq!(queue.is_empty(), deque.is_empty());
                prop_assert_eq!(queue.front(), deque.front());
                prop_assert!((0..=deque.len()).all(|index| queue.get(index) == deque.get(index)));
                prop_assert!(queue.iter().eq(&deque));
            }
        }
    }
}
