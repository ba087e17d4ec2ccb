//! `sallyport sessions`.

use clap::{Args, Subcommand, ValueEnum};
use shared::{
    api::admin::{Session, SessionState, SessionUse},
    id::{DeviceId, ModelId, SessionId},
    time::Timestamp,
};

use super::{
    CommandError, Console, find,
    page::{self, Extent, walk},
    steer::{self, LockArgs, RevokeArgs, SessionTarget, UnlockArgs},
};
use crate::{
    client::{SessionQuery, SessionSort},
    clock,
    format::{ago, ago_in_words, client, count, model, money},
    output::{Cell, Column, Fields, Style, Table, Tone},
    value::{self, Moment},
};

/// The first two parts of an id are the moment when it was made (UUIDv7, RFC 9562).
const MOMENT_LEN: usize = 13;

#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List sessions, newest first
    List(ListArgs),
    /// Show one session
    Show(SessionTarget),
    /// End a session now: its next request is refused, its open streams end
    Revoke(RevokeArgs<SessionTarget>),
    /// Refuse a session for a while; the developer sees the message
    Lock(LockArgs<SessionTarget>),
    /// Let a locked session in again
    Unlock(UnlockArgs<SessionTarget>),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this user: e-mail or id
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only on this device: id or host name
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// Only in this state; locked sessions are active ones, too
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only where this is part of the user, the e-mail, the name or the device
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// What comes first: the newest, the last refreshed or used, the dearest; or by e-mail
    #[arg(long, value_enum)]
    sort: Option<Sort>,
    /// Only opened, refreshed, ended or used since: `15m`, `2026-08-09`
    #[arg(long, value_name = "WHEN", value_parser = value::moment)]
    changed_since: Option<Moment>,
    #[command(flatten)]
    extent: Extent,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Locked,
    Expired,
    Ended,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    Opened,
    Refreshed,
    Used,
    Cost,
    User,
}

impl SessionCommand {
    pub(super) async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::List(arguments) => list(console, arguments).await,
            Self::Show(target) => show(console, &target).await,
            Self::Revoke(arguments) => steer::revoke(console, &arguments).await,
            Self::Lock(arguments) => steer::lock(console, &arguments).await,
            Self::Unlock(arguments) => steer::unlock(console, &arguments).await,
        }
    }
}

async fn list(console: &mut Console, arguments: ListArgs) -> Result<(), CommandError> {
    let most = arguments.extent.most();
    let query = arguments.query(console).await?;
    let client = &console.client;
    let page = walk(most, |skip, limit| {
        let query = SessionQuery { skip, limit: Some(limit), ..query.clone() };
        async move { client.sessions(&query).await }
    });
    page::print(console, &page.await?, "such sessions", table)
}

async fn show(console: &mut Console, target: &SessionTarget) -> Result<(), CommandError> {
    let session = find::session(&console.client, &target.session).await?;
    Ok(console.output.document(&session, |style| fields(&session, style.now).render(style))?)
}

impl ListArgs {
    async fn query(self, console: &Console) -> Result<SessionQuery, CommandError> {
        let user = find::user_id(console, self.user.as_deref()).await?;
        let device: Option<DeviceId> = match self.device {
            Some(name) => Some(find::device(console, &name).await?.id),
            None => None,
        };
        Ok(SessionQuery {
            user,
            device,
            state: self.state.map(SessionState::from),
            search: self.search,
            sort: self.sort.map(SessionSort::from),
            changed_since: self.changed_since.map(|moment| moment.before(clock::now())),
            ..SessionQuery::default()
        })
    }
}

/// Columns for people.
fn table(sessions: &[Session], style: &Style) -> Table {
    let columns = [
        Column::text("SESSION"),
        Column::text("STATE"),
        Column::text("USER").cut_to(15),
        Column::text("DEVICE").cut_to(8),
        Column::text("MODEL").cut_to(10).if_room(),
        Column::number("RUNS"),
        Column::number("TOKENS").if_room(),
        Column::number("COST"),
        Column::number("USED"),
        Column::text("CLIENT").cut_to(8).if_room(),
        Column::text("OS").if_room(),
        Column::number("OPENED").if_room(),
    ];
    let cells = id_cells(sessions, style);
    Table::new(columns).with(sessions, |session| row(session, cells, style.now))
}

fn row(session: &Session, id_cells: usize, now: Timestamp) -> Vec<Cell> {
    let used = session.used.clone().unwrap_or_default();
    let used_or_nothing = |text: String| session.used.as_ref().map_or(String::new(), |_| text);
    vec![
        session.id.to_string().get(..id_cells).unwrap_or_default().into(),
        state(session),
        session.email.as_deref().unwrap_or(session.user.as_str()).into(),
        device(session).into(),
        used.model.as_ref().map(|id| model(id.as_str())).unwrap_or_default().into(),
        session.requests_in_flight.to_string().into(),
        used_or_nothing(count(used.tokens.total())).into(),
        used_or_nothing(money(used.cost)).into(),
        used.last.map(|last| ago(last, now)).unwrap_or_default().into(),
        used.client.as_deref().map(client).unwrap_or_default().into(),
        session.device.os.as_deref().unwrap_or_default().into(),
        ago(session.opened, now).into(),
    ]
}

/// A session in a line: on a terminal, as much of its id as tells when it was made.
pub(super) fn short(id: SessionId, style: &Style) -> String {
    let id = id.to_string();
    let cells = if style.width.is_some() { MOMENT_LEN } else { id.len() };
    id.chars().take(cells).collect()
}

/// How much of the ids tells them apart. Where nothing is cut, all of it.
fn id_cells(sessions: &[Session], style: &Style) -> usize {
    /// The parts of a UUID end here.
    const ENDS: [usize; 4] = [MOMENT_LEN, 18, 23, 36];
    let is_enough = |cells: &usize| {
        let mut beginnings: Vec<String> =
            sessions.iter().map(|session| session.id.to_string().chars().take(*cells).collect()).collect();
        beginnings.sort_unstable();
        !beginnings.is_sorted_by(|one, next| one < next)
    };
    let whole = SessionId::generate().to_string().len();
    if style.width.is_none() {
        whole
    } else {
        ENDS.into_iter().find(|cells| !is_enough(cells)).unwrap_or(whole)
    }
}

pub(super) fn state(session: &Session) -> Cell {
    match session.state {
        SessionState::Active => Cell::new("active", Tone::Good),
        SessionState::Locked => Cell::new("locked", Tone::Warn),
        SessionState::Expired => Cell::new("expired", Tone::Dim),
        SessionState::Ended => Cell::new("ended", Tone::Dim),
    }
}

pub(super) fn device(session: &Session) -> &str {
    let id = session.device_id.as_ref().map(DeviceId::as_str);
    session.device.hostname.as_deref().or(id).unwrap_or_default()
}

fn fields(session: &Session, now: Timestamp) -> Fields {
    let moment = |at: Timestamp| format!("{at} ({})", ago_in_words(at, now));
    let ended = session.ended.as_ref().map(|ended| format!("{}, {}", ended.at, ended.reason));
    let fields = Fields::default()
        .add("session", session.id.to_string())
        .add("state", state(session))
        .maybe("ended", ended)
        .maybe("lock", session.lock.as_ref().map(super::lock::sentence))
        .add("user", session.user.as_str())
        .maybe("e-mail", session.email.as_deref())
        .maybe("name", session.name.as_deref())
        .add("groups", session.groups.join(", "))
        .maybe("device", session.device_id.as_ref().map(DeviceId::as_str))
        .maybe("host", session.device.hostname.as_deref())
        .maybe("system", system(session))
        .maybe("agent", session.device.agent_version.as_deref())
        .add("opened", moment(session.opened))
        .add("refreshed", moment(session.refreshed))
        .add("expires", session.expires.to_string())
        .add("running", session.requests_in_flight.to_string());
    match &session.used {
        Some(used) => add_use(fields, used, now),
        None => fields,
    }
}

fn add_use(fields: Fields, used: &SessionUse, now: Timestamp) -> Fields {
    let last = used.last.map(|last| format!("{last} ({})", ago_in_words(last, now)));
    fields
        .add("requests", used.requests.to_string())
        .add("tokens", used.tokens.to_string())
        .add("cost", used.cost.to_string())
        .maybe("last used", last)
        .maybe("model", used.model.as_ref().map(ModelId::as_str))
        .maybe("client", used.client.as_deref())
}

fn system(session: &Session) -> Option<String> {
    let parts: Vec<&str> =
        [session.device.os.as_deref(), session.device.arch.as_deref()].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

impl From<State> for SessionState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Locked => Self::Locked,
            State::Expired => Self::Expired,
            State::Ended => Self::Ended,
        }
    }
}

impl From<Sort> for SessionSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Opened => Self::Opened,
            Sort::Refreshed => Self::Refreshed,
            Sort::Used => Self::Used,
            Sort::Cost => Self::Cost,
            Sort::User => Self::User,
        }
    }
}
