//! Places that posts name, as GeoJSON (RFC 7946): WGS 84, longitude first.
//!
//! Texts are as they were written: whoever draws the map makes them safe.

use serde_json::{Value, json};
use tearline_ledger::content::Content;

use super::places::{Point, place};
use crate::{
    holdings::Filed,
    matters::Matter,
    show::{content::precedence, time::iso},
};

/// A collection of the places of these posts, each with the matter that it stands in. A post that names no
/// place, or stands in two threads, is in it once at most.
pub fn collection<'a>(posts: impl IntoIterator<Item = (&'a Filed, &'a Matter<'a>)>) -> Value {
    let mut seen = std::collections::BTreeSet::new();
    let features: Vec<Value> = posts
        .into_iter()
        .filter_map(|(post, matter)| {
            let feature = feature(post, matter)?;
            seen.insert(&post.entry).then_some(feature)
        })
        .collect();
    json!({"type": "FeatureCollection", "features": features})
}

fn feature(post: &Filed, matter: &Matter<'_>) -> Option<Value> {
    let content: &Content = post.content.as_ref().ok()?;
    let place = place(content)?;
    let point = Point::of(place);
    let (from, to) = times(content);
    let time = |at: u64| (at != 0).then(|| iso(at));
    Some(json!({
        "type": "Feature",
        "id": post.entry.to_string(),
        "geometry": {"type": "Point", "coordinates": [point.longitude, point.latitude]},
        "properties": {
            "entry": post.entry.to_string(),
            "kind": content.kind_name(),
            "precedence": precedence(content),
            "subject": content.message().subject,
            "place": place.name,
            "precision_m": place.precision_m,
            "from": time(from),
            "to": time(to),
            "by": post.author.org().as_str(),
            "accepted_at": iso(post.accepted_at),
            "recalled": post.recalled,
            "matter": matter.head.entry.to_string(),
            "state": matter.state.word(),
        },
    }))
}

/// When what a post tells of begins and ends, in seconds since 1970; 0 where it does not say.
fn times(content: &Content) -> (u64, u64) {
    use tearline_proto::v1::content::Kind;
    match content.kind() {
        Some(Kind::Concern(it)) => (it.observed_from, it.observed_to),
        Some(Kind::Commitment(it)) => (it.from, it.to),
        Some(Kind::Incident(it)) => (it.from, it.to),
        Some(Kind::ActivityNotice(it)) => (it.from, it.to),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use tearline_proto::v1::{self, content::Kind};

    use super::*;
    use crate::matters::{
        Matters,
        sample::{NOW, Told, concern, note, rooms},
    };

    #[test]
    fn places_are_points_with_longitude_first_and_their_precision_beside() {
        let mut told = Told::default();
        let mut kind = concern(NOW - 1);
        if let Kind::Concern(concern) = &mut kind {
            concern.place = Some(v1::Place {
                name: "Sake".to_owned(),
                longitude_e7: 290_453_000,
                latitude_e7: -15_736_001,
                precision_m: 2000,
            });
        }
        let at = told.post("drc/liaison", "drc", kind, None);
        told.post("us/kigali", "drc", note(), Some(at));
        let rooms = rooms();
        let matter = Matters::new(&told.posts, &rooms).find(&told.entry(at), NOW).unwrap();
        let twice = matter.parts.iter().chain(&matter.parts).map(|part| (part.post, &matter));
        let json = collection(twice);
        assert_eq!(json["type"], "FeatureCollection");
        let features = json["features"].as_array().unwrap();
        assert_eq!(features.len(), 1, "a note names no place, and no post is there twice");
        assert_eq!(features[0]["type"], "Feature");
        assert_eq!(
            features[0]["geometry"].to_string(),
            r#"{"coordinates":[29.0453,-1.5736001],"type":"Point"}"#
        );
        let properties = &features[0]["properties"];
        assert_eq!(
            (properties["place"].as_str(), properties["precision_m"].as_u64()),
            (Some("Sake"), Some(2000))
        );
        assert_eq!(
            (properties["state"].as_str(), properties["matter"].as_str()),
            (Some("overdue"), Some("drc#0"))
        );
    }

    #[test]
    fn nothing_to_draw_is_a_collection_of_nothing() {
        assert_eq!(collection([]).to_string(), r#"{"features":[],"type":"FeatureCollection"}"#);
    }
}
