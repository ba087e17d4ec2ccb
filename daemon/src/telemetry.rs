//! Logs: one line an event on stderr, as text or JSON, with the module's word as target.
//!
//! Invariant: what other crates say below `info` is never written, whatever is asked for: it may quote headers
//! and bodies.

mod file;
mod line;
mod record;

use std::{
    fmt,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    sync::Arc,
};

use thiserror::Error;
use tracing::{
    Event, Level, Metadata, Subscriber, error,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
    registry::{LookupSpan, Scope},
    reload,
    util::SubscriberInitExt,
};

use crate::{
    clock::Clock,
    config::{Config, Levels, Log, LogFormat, Problems},
    reload::{Prepared, Reload},
};
pub use file::LogFile;
use record::Fields;

/// Our own crate, as targets begin.
const OURS: &str = "sallyportd";
/// The most that other crates may say.
const FOREIGN_LIMIT: LevelFilter = LevelFilter::INFO;
/// Modules inside another one that have a word of their own.
const ROOMS: [&str; 2] = ["entra", "bedrock"];

#[derive(Debug, Error)]
#[error("something else writes logs already")]
pub struct TelemetryError;

/// Writes one line, and returns how many lines before it were lost.
type WriteLine = Box<dyn Fn(&str) -> u64 + Send + Sync>;

/// Starts writing, for the life of the process: to a file, else to stderr. `echo` is a foreign target whose warnings repeat
/// ours.
pub fn install(
    log: &Log,
    echo: &'static str,
    file: Option<Arc<LogFile>>,
) -> Result<Verbosity, TelemetryError> {
    let write: WriteLine = match file {
        Some(file) => Box::new(move |line| file.write(line)),
        None => Box::new(to_stderr),
    };
    let lines = Lines { log: log.clone(), echo, clock: Clock::System, write };
    let (lines, handle) = reload::Layer::new(lines);
    tracing_subscriber::registry().with(lines).try_init().map_err(|_| TelemetryError)?;
    panic::set_hook(Box::new(report));
    Ok(Verbosity(handle))
}

/// How much is logged, while it is.
pub struct Verbosity(reload::Handle<Lines<WriteLine>, Registry>);

impl fmt::Debug for Verbosity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verbosity").finish_non_exhaustive()
    }
}

impl Reload for Verbosity {
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems> {
        let levels = config.log.level.clone();
        // It fails only if nothing is logged any more.
        Ok(Prepared::new(move || drop(self.0.modify(|lines| lines.log.level = levels))))
    }
}

/// Where logs can't be written, there is nobody to tell.
fn to_stderr(line: &str) -> u64 {
    let _ = io::stderr().lock().write_all(line.as_bytes());
    0
}

/// Where a panic happened, never its message: that may quote what was being read.
fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    error!(place, "panicked");
}

/// Writes every event that is wanted as one line.
struct Lines<W> {
    log: Log,
    echo: &'static str,
    clock: Clock,
    write: W,
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) -> u64 + Send + Sync + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new(self.log.format);
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new(self.log.format);
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.append(around);
            }
        }
        let metadata = event.metadata();
        let lost = self.write(*metadata.level(), word(metadata.target()), &fields);
        if lost > 0 {
            self.write(Level::WARN, "telemetry", &Fields::of_lost(self.log.format, lost));
        }
    }
}

impl<W> Lines<W> {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= level_of(&self.log.level, self.echo, metadata.target())
    }
}

impl<W: Fn(&str) -> u64> Lines<W> {
    fn write(&self, level: Level, target: &str, fields: &Fields) -> u64 {
        let head = line::Head { time: self.clock.now(), level, target };
        (self.write)(&match self.log.format {
            LogFormat::Text => line::text(&head, fields),
            LogFormat::Json => line::json(&head, fields),
        })
    }
}

/// The level that holds for a target: that of the innermost module which has one. Who wants details hears an echo, too.
fn level_of(levels: &Levels, echo: &str, target: &str) -> LevelFilter {
    let named = |module: &str| levels.modules.iter().rev().find(|(name, _)| name == module);
    let special = target.rsplit("::").find_map(named).map(|(_, level)| *level);
    if is_ours(target) {
        return special.unwrap_or(levels.general);
    }
    let is_repeated = target == echo && levels.general < LevelFilter::DEBUG;
    let most = if is_repeated { LevelFilter::ERROR } else { LevelFilter::WARN };
    special.unwrap_or(levels.general.min(most)).min(FOREIGN_LIMIT)
}

fn is_ours(target: &str) -> bool {
    target.split("::").next() == Some(OURS)
}

/// The word that names a module: in logs, in the configuration, in the sources.
fn word(target: &str) -> &str {
    if !is_ours(target) {
        return target;
    }
    let room = target.rsplit("::").find(|segment| ROOMS.contains(segment));
    room.or_else(|| target.split("::").nth(1)).unwrap_or("main")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use shared::time::Timestamp;
    use tracing::{debug, info, info_span, warn};

    use super::*;

    const ECHO: &str = "foreign::chain";

    fn written(format: LogFormat, level: &str, work: impl FnOnce()) -> String {
        let all = Arc::new(Mutex::new(String::new()));
        let sink = all.clone();
        let lines = Lines {
            log: Log { format, level: level.parse().unwrap() },
            echo: ECHO,
            clock: Clock::manual(Timestamp(1_700_000_000_123)),
            write: move |line: &str| {
                sink.lock().unwrap().push_str(line);
                0
            },
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        all.lock().unwrap().clone()
    }

    fn story() {
        let span = info_span!(target: "sallyportd::gateway", "request", id = "req_1");
        span.in_scope(|| {
            info!(target: "sallyportd::gateway::bedrock::pool", status = 200, model = "a b", "answered");
            warn!(target: "sallyportd::store", error = %"line\nbreak \"x\"", ok = false, "not written");
        });
        debug!(target: "sallyportd::http", "unseen");
    }

    #[test]
    fn text_is_one_calm_line_an_event() {
        let lines = written(LogFormat::Text, "info", story);
        assert_eq!(
            lines,
            "2023-11-14T22:13:20.123Z  INFO bedrock: answered status=200 model=\"a b\" id=req_1\n\
             2023-11-14T22:13:20.123Z  WARN store: not written error=\"line\\nbreak \\\"x\\\"\" ok=false id=req_1\n"
        );
    }

    #[test]
    fn json_is_one_object_an_event() {
        let lines = written(LogFormat::Json, "info", story);
        let first = lines.lines().next().unwrap();
        assert_eq!(
            first,
            r#"{"time":"2023-11-14T22:13:20.123Z","level":"info","target":"bedrock","message":"answered","status":200,"model":"a b","id":"req_1"}"#
        );
        for line in lines.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    #[test]
    fn fields_that_come_later_are_written_too() {
        let lines = written(LogFormat::Text, "info", || {
            let span = info_span!(target: "sallyportd::auth", "sign-in", user = tracing::field::Empty);
            span.record("user", "u1");
            span.in_scope(|| info!(target: "sallyportd::auth", "signed in"));
        });
        assert!(lines.ends_with("auth: signed in user=u1\n"), "{lines}");
    }

    #[test]
    fn the_innermost_module_decides_the_level() {
        let levels: Levels = "warn,gateway=debug,bedrock=error".parse().unwrap();
        assert_eq!(level_of(&levels, ECHO, "sallyportd::gateway::messages"), LevelFilter::DEBUG);
        assert_eq!(level_of(&levels, ECHO, "sallyportd::gateway::bedrock::pool"), LevelFilter::ERROR);
        assert_eq!(level_of(&levels, ECHO, "sallyportd::store"), LevelFilter::WARN);
    }

    #[test]
    fn what_only_repeats_our_own_warning_is_left_out_unless_it_is_asked_for() {
        let warnings = |level: &str| {
            written(LogFormat::Text, level, || warn!(target: ECHO, "no credentials")).lines().count()
        };
        for (level, expected) in [("info", 0), ("warn", 0), ("debug", 1), ("info,chain=warn", 1)] {
            assert_eq!(warnings(level), expected, "{level}");
        }
        assert_eq!(level_of(&Levels::default(), ECHO, "foreign::other"), LevelFilter::WARN);
    }

    #[test]
    fn other_crates_never_say_what_they_see_on_the_wire() {
        let levels: Levels = "trace,hyper=trace,rustls=off".parse().unwrap();
        assert_eq!(level_of(&levels, ECHO, "sallyportd::http"), LevelFilter::TRACE);
        assert_eq!(level_of(&levels, ECHO, "hyper::proto::h1"), LevelFilter::INFO);
        assert_eq!(level_of(&levels, ECHO, "reqwest::connect"), LevelFilter::WARN);
        assert_eq!(level_of(&levels, ECHO, "rustls::server"), LevelFilter::OFF);
    }
}
