//! Times as whole microseconds: sortable, and enough for everything there is.

use jiff::Timestamp;

/// For a column.
pub fn to_sql(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// From a column. What no timestamp can be becomes the nearest that can.
pub fn from_sql(micros: i64) -> Timestamp {
    let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(nearest)
}
