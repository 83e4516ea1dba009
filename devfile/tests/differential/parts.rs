//! What comparisons with the devfile project's own library are made of: here, and in the tests of what plans make of
//! devfiles.

pub mod case;
pub mod change;
pub mod import;
pub mod known;
pub mod ours;
pub mod random;
pub mod reference;
pub mod seed;
pub mod values;
pub mod written;
