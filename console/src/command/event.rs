//! `sallyport events`.

use std::pin::pin;

use clap::Args;
use futures_util::StreamExt;
use shared::{
    api::admin::Event,
    id::{SessionId, UserId},
};

use super::{CommandError, Console, find, names::Names, session::short, watch::unless_left};
use crate::{
    client::Happening,
    format::model,
    output::{self, Cell, Style, Tone},
};

#[derive(Debug, Args)]
pub struct EventArgs {
    /// Only events of this name, such as `sign_in` or `revocation`; may be repeated
    #[arg(long, value_name = "NAME")]
    event: Vec<String>,
    /// Only of this user: e-mail or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only of this session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
}

/// What is told today. A newer daemon may tell more.
const KNOWN: [&str; 14] = [
    "sign_in",
    "refresh",
    "refusal",
    "reuse",
    "logout",
    "revocation",
    "lock",
    "unlock",
    "grant",
    "grant_end",
    "reload",
    "download",
    "request_started",
    "request_ended",
];

/// Which events are told.
struct Filter {
    events: Vec<String>,
    user: Option<UserId>,
    session: Option<SessionId>,
}

pub(super) async fn run(console: &mut Console, arguments: &EventArgs) -> Result<(), CommandError> {
    for name in arguments.event.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
        output::note(&format!(
            "this version knows no event `{name}`; hint: there are `{}`",
            KNOWN.join("`, `")
        ));
    }
    let filter = arguments.filter(console).await?;
    let mut names = Names::of(console).await;
    let mut events = pin!(console.client.events().await?);
    while let Some(happening) = unless_left(events.next()).await? {
        match happening? {
            Happening::Lagged(missed) => return Err(CommandError::Missed(missed)),
            Happening::Event(event) if filter.passes(&event) => tell(console, &mut names, &event).await?,
            Happening::Event(_) => {}
        }
    }
    Err(CommandError::Stopped)
}

async fn tell(console: &mut Console, names: &mut Names, event: &Event) -> Result<(), CommandError> {
    if let Some(user) = event.user.as_ref().filter(|_| console.output.is_for_people()) {
        names.learn(&console.client, user).await;
    }
    Ok(console.output.piece(event, |style| line(event, names, style))?)
}

impl EventArgs {
    async fn filter(&self, console: &Console) -> Result<Filter, CommandError> {
        let user = find::user_id(console, self.user.as_deref()).await?;
        let session = find::session_id(console, self.session.as_deref()).await?;
        Ok(Filter { events: self.event.clone(), user, session })
    }
}

impl Filter {
    fn passes(&self, event: &Event) -> bool {
        (self.events.is_empty() || self.events.contains(&event.event))
            && (self.user.is_none() || self.user == event.user)
            && (self.session.is_none() || self.session == event.session)
    }
}

/// One event in one line.
fn line(event: &Event, names: &Names, style: &Style) -> String {
    let moment = Cell::new(super::audit::moment(event.at), Tone::Dim).render(style);
    let name = Cell::new(format!("{:<15}", event.event), tone(&event.event)).render(style);
    let parts = [
        event.user.as_ref().map(|user| names.call(user)),
        event.subject.as_deref().map(|subject| names.reword(subject)),
        event.outcome.clone(),
        event.model.as_ref().map(|id| model(id.as_str()).to_owned()),
        event.surface.clone(),
        event.tokens.map(|tokens| tokens.to_string()),
        event.operator.map(|uid| format!("by uid {uid}")),
        event.reason.as_ref().map(|reason| format!("because: {reason}")),
        event.session.map(|session| format!("session {}", short(session, style))),
    ];
    let told = Cell::from(parts.into_iter().flatten().collect::<Vec<_>>().join("  ")).render(style);
    format!("{moment}  {name}  {told}\n")
}

pub(super) fn tone(event: &str) -> Tone {
    match event {
        "reuse" | "refusal" => Tone::Bad,
        "revocation" | "lock" | "unlock" | "grant" | "grant_end" | "reload" | "action" => Tone::Warn,
        "sign_in" | "logout" => Tone::Good,
        _ => Tone::Plain,
    }
}
