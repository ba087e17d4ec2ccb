//! The contract and the door say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn the_contract_names_every_route_and_no_other() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let promised: BTreeSet<_> = contract["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| (method, path)))
        .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let ours = endpoints().into_iter().map(|endpoint| format!("{} {}", endpoint.method, endpoint.path));
    let health = ["/health", "/healthz", "/readyz"].map(|path| format!("GET {path}"));
    assert_eq!(ours.chain(health).collect::<BTreeSet<_>>(), promised);
}

#[test]
fn whatever_changes_something_takes_an_operator() {
    for endpoint in endpoints() {
        let is_change = endpoint.method != Method::GET;
        assert_eq!(endpoint.role == Role::Operator, is_change, "{}", endpoint.path);
    }
}

#[test]
fn every_event_of_the_trail_can_be_asked_for() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let parameters = contract["paths"]["/audit"]["get"]["parameters"].as_array().unwrap();
    let event = parameters.iter().find(|parameter| parameter["name"] == "event").unwrap();
    let promised: Vec<_> = event["schema"]["enum"].as_array().unwrap().iter().map(Value::as_str).collect();
    let known = crate::domain::audit::AuditEvent::ALL.map(|event| Some(event.as_str()));
    assert_eq!(promised, known);
}
