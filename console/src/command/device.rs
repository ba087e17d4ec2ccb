//! `sallyport devices`.

use clap::{Args, Subcommand};
use shared::{api::admin::DeviceSummary, time::Timestamp};

use super::{
    CommandError, Console, find, lock,
    names::Names,
    page::{self, Extent, walk},
    steer::{self, DeviceTarget, LockArgs, RevokeArgs, UnlockArgs},
};
use crate::{
    client::HolderQuery,
    format::{ago, ago_in_words},
    output::{Cell, Column, Fields, Table, Tone},
};

#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// List devices, the last seen first
    List(ListArgs),
    /// Show one device
    Show(DeviceTarget),
    /// End all sessions on a device now, whoever signed in there
    Revoke(RevokeArgs<DeviceTarget>),
    /// Refuse a device for a while, whoever sits there; the developer sees the message
    Lock(LockArgs<DeviceTarget>),
    /// Let a locked device in again
    Unlock(UnlockArgs<DeviceTarget>),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only where this is part of the id, the host name or the last user
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

impl DeviceCommand {
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

async fn list(console: &mut Console, ListArgs { search, extent }: ListArgs) -> Result<(), CommandError> {
    let client = &console.client;
    let page = walk(extent.most(), |skip, limit| {
        let query = HolderQuery { search: search.clone(), skip, limit: Some(limit) };
        async move { client.devices(&query).await }
    });
    let (page, names) = (page.await?, Names::of(console).await);
    page::print(console, &page, "such devices", |devices, style| {
        let columns = [
            Column::text("DEVICE").cut_to(12),
            Column::text("HOST").cut_to(8),
            Column::text("STATE"),
            Column::number("SESSIONS"),
            Column::number("USERS"),
            Column::text("LAST USER").cut_to(12),
            Column::number("SEEN"),
            Column::text("OS").if_room(),
            Column::text("AGENT").if_room(),
        ];
        Table::new(columns).with(devices, |device| row(device, &names, style.now))
    })
}

async fn show(console: &mut Console, target: &DeviceTarget) -> Result<(), CommandError> {
    let device = find::device(console, &target.device).await?;
    let user = Names::of(console).await.call(&device.user);
    Ok(console.output.document(&device, |style| fields(&device, &user, style.now).render(style))?)
}

fn row(device: &DeviceSummary, names: &Names, now: Timestamp) -> Vec<Cell> {
    let said = &device.device;
    vec![
        device.id.as_str().into(),
        said.hostname.as_deref().unwrap_or_default().into(),
        state(device),
        format!("{}/{}", device.active_sessions, device.sessions).into(),
        device.users.to_string().into(),
        names.call(&device.user).into(),
        ago(device.last_seen, now).into(),
        said.os.as_deref().unwrap_or_default().into(),
        said.agent_version.as_deref().unwrap_or_default().into(),
    ]
}

fn state(device: &DeviceSummary) -> Cell {
    match (&device.lock, device.active_sessions) {
        (Some(_), _) => Cell::new("locked", Tone::Warn),
        (None, 0) => Cell::new("away", Tone::Dim),
        (None, _) => Cell::new("active", Tone::Good),
    }
}

fn fields(device: &DeviceSummary, user: &str, now: Timestamp) -> Fields {
    let said = &device.device;
    Fields::default()
        .add("device", device.id.as_str())
        .maybe("host", said.hostname.as_deref())
        .maybe("os", said.os.as_deref())
        .maybe("architecture", said.arch.as_deref())
        .maybe("agent", said.agent_version.as_deref())
        .add("state", state(device))
        .maybe("lock", device.lock.as_ref().map(lock::sentence))
        .add("sessions", format!("{} active of {}", device.active_sessions, device.sessions))
        .add("users", device.users.to_string())
        .add("last user", user)
        .add("last seen", format!("{} ({})", device.last_seen, ago_in_words(device.last_seen, now)))
}
