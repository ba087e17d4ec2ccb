//! The loop: messages in, effects out, a frame when something changed. Many messages make one frame.

use std::{
    io,
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{Receiver, channel},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{
    effect::{Effect, Performer},
    model::Model,
    msg::Msg,
    terminal::Screen,
    update::update,
    view::view,
};
use crate::{client::Client, clock, mirror::Settings};

/// At most so many frames a second: 30.
const FRAME: Duration = Duration::from_millis(33);
const TICK: Duration = Duration::from_millis(250);
/// Answers that wait for the loop.
const QUEUE: usize = 256;
/// Messages that are taken before a frame is looked at.
const BURST: usize = 1024;

/// What wakes the loop.
struct Sources {
    keys: EventStream,
    replies: Receiver<Msg>,
    ticks: Interval,
    ends: [Signal; 3],
}

pub async fn run(
    mut model: Model,
    (client, mirror): (Client, Settings),
    screen: &mut Screen,
) -> io::Result<()> {
    let (replies, received) = channel(QUEUE);
    let mut performer = Performer::new(client, mirror, replies);
    let mut sources = Sources::open(received)?;
    let mut drawn = Instant::now();
    draw(&mut model, screen)?;
    while !model.is_over {
        let rest = FRAME.saturating_sub(drawn.elapsed());
        let msg = tokio::select! {
            msg = sources.next() => msg,
            () = performer.reap() => continue,
            () = tokio::time::sleep(rest), if model.is_changed => {
                draw(&mut model, screen)?;
                drawn = Instant::now();
                continue;
            }
        };
        take(&mut model, msg, &mut performer, screen)?;
        for _ in 0..BURST {
            let Ok(msg) = sources.replies.try_recv() else { break };
            take(&mut model, msg, &mut performer, screen)?;
        }
    }
    drop(sources);
    performer.finish().await;
    Ok(())
}

fn draw(model: &mut Model, screen: &mut Screen) -> io::Result<()> {
    model.is_changed = false;
    screen.draw(|frame| view(model, frame))
}

/// Ages are drawn in seconds: when one passed, a frame is due.
fn advance(model: &mut Model) {
    let now = clock::now();
    model.is_changed |= now.seconds() != model.now.seconds();
    model.now = now;
}

fn take(model: &mut Model, msg: Msg, performer: &mut Performer, screen: &mut Screen) -> io::Result<()> {
    advance(model);
    for effect in update(model, msg) {
        match effect {
            Effect::Ask { asker, query } => performer.ask(asker, query),
            Effect::Follow => performer.follow(),
            Effect::Carry(order) => performer.carry(order),
            Effect::Work(job) => performer.work(job),
            Effect::StopWork => performer.stop_work(),
            Effect::Suspend => screen.suspend()?,
            Effect::Redraw => screen.terminal.clear()?,
        }
    }
    Ok(())
}

impl Sources {
    fn open(replies: Receiver<Msg>) -> io::Result<Self> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ends = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { keys: EventStream::new(), replies, ticks, ends })
    }

    async fn next(&mut self) -> Msg {
        let [terminate, interrupt, hangup] = &mut self.ends;
        loop {
            let event = tokio::select! {
                _ = terminate.recv() => return Msg::Stop,
                _ = interrupt.recv() => return Msg::Stop,
                _ = hangup.recv() => return Msg::Stop,
                Some(msg) = self.replies.recv() => return msg,
                _ = self.ticks.tick() => return Msg::Tick,
                event = self.keys.next() => event,
            };
            match event {
                Some(Ok(Event::Key(key))) => return Msg::Key(key),
                Some(Ok(Event::Mouse(mouse))) if is_meant(mouse.kind) => return Msg::Mouse(mouse),
                Some(Ok(Event::Paste(text))) => return Msg::Paste(text),
                Some(Ok(Event::Resize(width, height))) => return Msg::Resize { width, height },
                Some(Ok(Event::Mouse(_) | Event::FocusGained | Event::FocusLost)) => {}
                // Nobody is there to type any more.
                Some(Err(_)) | None => return Msg::Stop,
            }
        }
    }
}

/// A mouse that only passes by wakes nobody.
fn is_meant(kind: MouseEventKind) -> bool {
    matches!(kind, MouseEventKind::Down(_) | MouseEventKind::ScrollUp | MouseEventKind::ScrollDown)
}
