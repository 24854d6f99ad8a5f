//! Where a post is about: the place that it names, and how far that is from another.

use tearline_ledger::content::Content;
use tearline_proto::v1::{Place, content::Kind};

/// The mean radius of the earth, in metres.
const EARTH_M: f64 = 6_371_008.8;

/// The place that a post names, if it names one.
pub fn place(content: &Content) -> Option<&Place> {
    match content.kind()? {
        Kind::Concern(it) => it.place.as_ref(),
        Kind::Request(it) => it.place.as_ref(),
        Kind::Commitment(it) => it.area.as_ref(),
        Kind::Incident(it) => it.place.as_ref(),
        Kind::ActivityNotice(it) => it.place.as_ref(),
        _ => None,
    }
}

/// A point on WGS 84, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// East of Greenwich.
    pub longitude: f64,
    /// North of the equator.
    pub latitude: f64,
}

impl Point {
    /// The point of these 10^-7 degrees.
    pub fn of_e7(longitude: i64, latitude: i64) -> Self {
        Self { longitude: degrees(longitude), latitude: degrees(latitude) }
    }

    /// Where a place is.
    pub fn of(place: &Place) -> Self {
        Self::of_e7(place.longitude_e7, place.latitude_e7)
    }

    /// Metres over the ground, on a sphere: good to half a percent.
    pub fn distance_m(self, other: Self) -> f64 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
        let chord = half(self.latitude, other.latitude)
            + here.cos() * there.cos() * half(self.longitude, other.longitude);
        2.0 * EARTH_M * chord.sqrt().min(1.0).asin()
    }
}

/// 10^-7 degrees in degrees; exact to the last of them.
fn degrees(e7: i64) -> f64 {
    i32::try_from(e7).map_or(f64::NAN, f64::from) / 1e7
}

/// Whether a place, with its precision, may lie within so many metres of a point.
pub fn may_lie_within(place: &Place, point: Point, metres: f64) -> bool {
    Point::of(place).distance_m(point) <= metres + f64::from(place.precision_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sake() -> Place {
        Place {
            name: "Sake".to_owned(),
            longitude_e7: 290_453_000,
            latitude_e7: -15_736_000,
            precision_m: 2000,
        }
    }

    #[test]
    fn distances_are_those_of_the_map() {
        let goma = Point { longitude: 29.2205, latitude: -1.6792 };
        let distance = Point::of(&sake()).distance_m(goma);
        assert!((22_500.0..23_000.0).contains(&distance), "{distance}");
        let poles =
            Point { longitude: 0.0, latitude: 90.0 }.distance_m(Point { longitude: 77.0, latitude: -90.0 });
        assert!((20_015_000.0..20_016_000.0).contains(&poles), "{poles}");
        let across =
            Point { longitude: 179.9, latitude: 0.0 }.distance_m(Point { longitude: -179.9, latitude: 0.0 });
        assert!(across < 23_000.0, "{across}");
    }

    #[test]
    fn a_place_may_lie_as_far_off_as_its_precision_says() {
        let point = Point { longitude: 29.0453, latitude: -1.6 };
        assert!(may_lie_within(&sake(), point, 1000.0));
        assert!(!may_lie_within(&Place { precision_m: 1, ..sake() }, point, 1000.0));
    }
}
