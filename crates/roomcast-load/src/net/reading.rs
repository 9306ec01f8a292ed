//! What comes: bytes into frames, frames into steps of getting ready, messages and answers.

use super::{Ears, Net};
use crate::clock::Nanos;
use crate::error::{Trouble, cut};
use crate::frame::{self, Frame};
use crate::handshake;
use crate::wire::{Stage, Wire};
use memchr::memmem;
use std::io::{self, Read};
use std::mem;

/// What an end of the stream means.
fn cut_off(wire: &Wire) -> Trouble {
    let is_answer = wire.stage == Stage::Upgrading;
    let refusal = is_answer.then(|| handshake::answer(&wire.rest, true).err()).flatten();
    refusal.unwrap_or(Trouble::Cut)
}

impl Net {
    /// Reads until the socket has nothing more.
    pub(super) fn read(&mut self, index: usize, ears: &mut impl Ears) {
        let mut buffer = mem::take(&mut self.buffer);
        if let Err(trouble) = self.read_into(index, &mut buffer, ears) {
            self.end(index, trouble, ears);
        }
        self.buffer = buffer;
    }

    fn read_into(
        &mut self,
        index: usize,
        buffer: &mut Vec<u8>,
        ears: &mut impl Ears,
    ) -> Result<(), Trouble> {
        while let Some(wire) = &mut self.wires[index] {
            let is_stalled = wire.opening.stalls && wire.stage == Stage::Ready;
            if is_stalled || wire.stage == Stage::Connecting {
                return Ok(());
            }
            let kept = wire.rest.len();
            if kept * 2 > buffer.len() {
                buffer.resize(kept * 4, 0);
            }
            let read = match wire.stream.read(&mut buffer[kept..]) {
                Ok(0) => return Err(cut_off(wire)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            buffer[..kept].copy_from_slice(&wire.rest);
            wire.rest.clear();
            let now = self.clock.now();
            self.reads += 1;
            let bytes = &buffer[..kept + read];
            let used = self.take(index, bytes, now, ears)?;
            if let Some(wire) = &mut self.wires[index] {
                wire.rest.extend_from_slice(&bytes[used..]);
            }
            // What is short of the room that there was is all that there was.
            if kept + read < buffer.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sees to all that is whole, and says how many bytes that was.
    fn take(
        &mut self,
        index: usize,
        bytes: &[u8],
        now: Nanos,
        ears: &mut impl Ears,
    ) -> Result<usize, Trouble> {
        let mut used = 0;
        if self.stage(index) == Some(Stage::Upgrading) {
            match handshake::answer(bytes, false)? {
                Some(head) => used = head,
                None => return Ok(0),
            }
            self.upgraded(index, now, ears);
        }
        while let Some((frame, size)) = frame::first(&bytes[used..])? {
            used += size;
            self.take_frame(index, frame, now, ears)?;
        }
        Ok(used)
    }

    fn stage(&self, index: usize) -> Option<Stage> {
        self.wires[index].as_ref().map(|wire| wire.stage)
    }

    #[inline]
    fn take_frame(
        &mut self,
        index: usize,
        frame: Frame<'_>,
        now: Nanos,
        ears: &mut impl Ears,
    ) -> Result<(), Trouble> {
        match frame.opcode {
            frame::TEXT | frame::BINARY if frame.last => {
                self.take_message(index, frame.payload, now, ears)
            }
            frame::TEXT | frame::BINARY | frame::CONTINUATION => {
                let Some(wire) = &mut self.wires[index] else { return Ok(()) };
                wire.fragments.extend_from_slice(frame.payload);
                if !frame.last {
                    return Ok(());
                }
                let whole = mem::take(&mut wire.fragments);
                self.take_message(index, &whole, now, ears)
            }
            frame::PING => {
                self.put(index, frame::PONG, frame.payload);
                Ok(())
            }
            frame::CLOSE => {
                let (code, reason) = frame::close(frame.payload);
                Err(Trouble::Closed { code, reason })
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn take_message(
        &mut self,
        index: usize,
        payload: &[u8],
        now: Nanos,
        ears: &mut impl Ears,
    ) -> Result<(), Trouble> {
        if let Some(Stage::Greeting(step)) = self.stage(index) {
            let hello = self.script.hellos.get(step);
            let until = hello.and_then(|hello| hello.until.as_deref()).unwrap_or_default();
            if memmem::find(payload, until.as_bytes()).is_some() {
                self.greet(index, step + 1, payload, now, ears);
                return Ok(());
            }
            if self.script.refuses(payload) {
                return Err(Trouble::Rejected(cut(payload)));
            }
        }
        if !ears.heard(index, payload, now) {
            self.aside(index, payload, ears);
        }
        Ok(())
    }

    /// A text that is no message.
    fn aside(&mut self, index: usize, payload: &[u8], ears: &mut impl Ears) {
        if let Some(answer) = self.script.answer(payload) {
            let answer = answer.to_owned();
            self.send(index, answer.as_bytes());
        } else if self.script.refuses(payload) {
            ears.tally().refused(payload);
        }
    }

    fn upgraded(&mut self, index: usize, now: Nanos, ears: &mut impl Ears) {
        if let Some(wire) = &self.wires[index] {
            self.handshakes.times.add(now.saturating_sub(wire.opened));
            self.handshakes.last = now;
        }
        self.greet(index, 0, &[], now, ears);
    }

    /// Does the steps from this one on, up to one that waits.
    fn greet(
        &mut self,
        index: usize,
        mut step: usize,
        payload: &[u8],
        now: Nanos,
        ears: &mut impl Ears,
    ) {
        let Some(wire) = &mut self.wires[index] else { return };
        while step < self.script.hellos.len() {
            let room = self.rooms.get(wire.opening.room).map_or("", String::as_str);
            let text = self.script.hello(step, room, wire.opening.since.as_ref());
            if !text.is_empty() {
                frame::put(frame::TEXT, text.as_bytes(), &mut wire.out);
                if !mem::replace(&mut wire.is_dirty, true) {
                    self.dirty.push(index);
                }
            }
            if self.script.hellos[step].until.is_some() {
                wire.stage = Stage::Greeting(step);
                return;
            }
            step += 1;
        }
        wire.stage = Stage::Ready;
        wire.opening.since = None;
        self.pending -= 1;
        // Whoever answers pings has sent something behind what it received, and its kernel
        // acknowledges otherwise from then on. All are in that state, whatever their dialect:
        // what it costs the server differs by more than servers do.
        self.put(index, frame::PONG, b"");
        ears.ready(index, payload, now);
    }
}
