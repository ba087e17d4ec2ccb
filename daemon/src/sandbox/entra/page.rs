//! The few pages that a browser sees.

use bytes::Bytes;
use http::StatusCode;

use super::{User, form::Form};
use crate::http::{Response, reply};

/// Lets a person choose who they are: the same address again, with a `login_hint`.
pub(super) fn choose(title: &str, path: &str, asked: &Form) -> Response {
    let link = |user: &&User| {
        // Every character that means something in HTML is percent-encoded in it.
        let query = asked.clone().with("login_hint", user.name).encode();
        let (name, email) = (user.display_name, user.email);
        format!("<li><a href=\"{path}?{query}\">{name}</a> &lt;{email}&gt;</li>")
    };
    let links: String = User::ALL.iter().map(link).collect();
    show(title, &format!("<p>Sign in to the sandbox as</p><ul>{links}</ul>"))
}

/// Asks for the code that a device shows.
pub(super) fn ask_code(path: &str, note: &str) -> Response {
    let body = format!(
        "<p>{note}</p><form action=\"{path}\"><label>Code <input name=\"user_code\" autofocus required></label> \
         <button>Next</button></form>"
    );
    show("Enter the code of your device", &body)
}

/// A page that says one thing. `text` is ours, never the request's.
pub(super) fn say(title: &str, text: &str) -> Response {
    show(title, &format!("<p>{text}</p>"))
}

fn show(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <body style=\"font-family:sans-serif;max-width:32rem;margin:4rem auto\"><h1>{title}</h1>{body}</body></html>"
    );
    reply::bytes_of(StatusCode::OK, "text/html; charset=utf-8", Bytes::from(html))
}
