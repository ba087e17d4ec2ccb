use super::*;

const START: Timestamp = Timestamp(1_800_000_000_000);

fn traffic() -> Traffic {
    Traffic::new(Clock::manual(START))
}

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// A request that went upstream, from its start to its end.
fn request(traffic: &Traffic, model: &str, outcome: Outcome, took: Duration) {
    traffic.begin();
    end(traffic, model, outcome, took);
}

fn end(traffic: &Traffic, model: &str, outcome: Outcome, took: Duration) {
    let tokens = Tokens { input: 3, output: 4, ..Tokens::default() };
    let (model, was_answered) = (&ModelId::new(model), outcome == Outcome::Completed);
    let settled = Settled { model, outcome, was_answered, tokens, cost: Money::from_micros(5) };
    let first_byte = was_answered.then_some(took / 10);
    traffic.end(&End { settled: &settled, is_stream: false, took, first_byte });
}

fn names(traffic: &Traffic) -> Vec<String> {
    let mut names = Vec::new();
    traffic.models.each(|name, _| names.push(name.to_owned()));
    names.sort();
    names
}

#[test]
fn a_sample_tells_what_ended_in_its_second() {
    let traffic = traffic();
    request(&traffic, "a", Outcome::Completed, Duration::from_millis(20));
    request(&traffic, "b", Outcome::Revoked, Duration::from_millis(40));
    traffic.begin();
    traffic.turn_away(true);
    traffic.close(at(1));
    end(&traffic, "a", Outcome::Completed, Duration::from_micros(7));
    traffic.turn_away(false);
    traffic.close(at(2));
    let told = traffic.after(None);
    let [first, second] = told.samples.as_slice() else { panic!("{told:?}") };
    assert_eq!((first.at, second.at, first.in_flight, second.in_flight), (at(1), at(2), 1, 0));
    let both = admin::Outcomes { completed: 1, revoked: 1, refused: 1, ..admin::Outcomes::default() };
    assert_eq!((first.outcomes, first.tokens.output, first.cost.micros()), (both, 8, 10));
    let last = admin::Outcomes { completed: 1, client_gone: 1, ..admin::Outcomes::default() };
    assert_eq!((second.outcomes, second.tokens.input, second.cost.micros()), (last, 3, 5));
    assert_eq!(second.latency.unwrap().p99_microseconds, 7);
    let slowest = told.latency.unwrap().p99_microseconds;
    assert!(slowest.abs_diff(40_000) <= 2_000, "of both seconds: {slowest}");
    let first_byte = first.first_byte.unwrap().p99_microseconds;
    assert!(first_byte.abs_diff(2_000) <= 100, "only of what was answered: {first_byte}");
}

#[test]
fn a_second_without_requests_is_a_sample_without_percentiles() {
    let traffic = traffic();
    traffic.close(at(1));
    let told = traffic.after(None);
    assert_eq!((told.latency, told.samples[0].latency, told.samples[0].outcomes.total()), (None, None, 0));
}

#[test]
fn samples_are_a_second_apart_whatever_the_clock_does() {
    let traffic = traffic();
    let late = Duration::from_millis(350);
    for now in [at(1) + late, at(2), at(5) + late, at(3), at(3)] {
        request(&traffic, "a", Outcome::Completed, late);
        traffic.close(now);
    }
    let told = traffic.after(None).samples;
    let expected: Vec<_> = (1..=7).map(at).collect();
    assert_eq!(told.iter().map(|sample| sample.at).collect::<Vec<_>>(), expected);
    let ended: Vec<_> = told.iter().map(|sample| sample.outcomes.completed).collect();
    assert_eq!(ended, [1, 1, 0, 0, 1, 1, 1]);
}

#[test]
fn fifteen_minutes_are_remembered_also_over_a_sleep_of_days() {
    let traffic = traffic();
    traffic.close(at(1));
    traffic.close(at(1_000_000));
    let told = traffic.after(None).samples;
    assert_eq!((told.len(), told[0].at, told[899].at), (900, at(1_000_000 - 899), at(1_000_000)));
}

#[test]
fn samples_after_a_moment_can_be_asked_for() {
    let traffic = traffic();
    (1..=5).for_each(|second| traffic.close(at(second)));
    let after = |moment| traffic.after(Some(moment)).samples.len();
    assert_eq!((after(at(0)), after(at(3)), after(at(5)), after(Timestamp(u64::MAX))), (5, 2, 0, 0));
}

#[test]
fn the_minute_forgets_what_is_older() {
    let traffic = traffic();
    request(&traffic, "a", Outcome::Completed, Duration::from_secs(1));
    (1..=60).for_each(|second| traffic.close(at(second)));
    assert!(traffic.after(None).latency.is_some());
    traffic.close(at(61));
    assert_eq!(traffic.after(None).latency, None);
}

#[test]
fn a_model_has_a_name_once_bedrock_answered_for_it() {
    let traffic = traffic();
    request(&traffic, "made up by a caller", Outcome::UpstreamError, Duration::ZERO);
    traffic.answer(
        Purpose::Answer(Surface::Chat),
        Some(&ModelId::new("made up, too")),
        StatusCode::NOT_FOUND,
    );
    assert_eq!(names(&traffic), ["other"]);
    request(&traffic, "real", Outcome::Completed, Duration::ZERO);
    assert_eq!(names(&traffic), ["other", "real"]);
}

#[test]
fn names_of_models_come_to_an_end() {
    let traffic = traffic();
    (0..300).for_each(|n| request(&traffic, &format!("m{n}"), Outcome::Completed, Duration::ZERO));
    assert_eq!(names(&traffic).len(), 101);
    traffic.close(at(1));
    assert_eq!(traffic.after(None).samples[0].outcomes.completed, 300);
    assert_eq!(traffic.after(None).samples[0].tokens.input, 900);
}

#[test]
fn racing_requests_are_all_counted() {
    let traffic = traffic();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let traffic = &traffic;
            scope.spawn(move || {
                for n in 0..500 {
                    request(traffic, &format!("m{}", (n + thread) % 60), Outcome::Completed, Duration::ZERO);
                }
            });
        }
    });
    traffic.close(at(1));
    let sample = traffic.after(None).samples.remove(0);
    assert_eq!((sample.outcomes.completed, sample.tokens.output, sample.in_flight), (2_000, 8_000, 0));
    assert_eq!(names(&traffic).len(), 61);
}

#[tokio::test(start_paused = true)]
async fn a_second_is_closed_every_second_until_the_end() {
    let clock = Clock::manual(START);
    let (traffic, stop) = (Arc::new(Traffic::new(clock.clone())), CancellationToken::new());
    let running = traffic.clone().run(stop.clone());
    let watching = async {
        for _ in 0..3 {
            clock.advance(SECOND);
            tokio::time::sleep(SECOND).await;
        }
        stop.cancel();
    };
    tokio::join!(running, watching);
    assert!(traffic.after(None).samples.len() >= 2);
}
