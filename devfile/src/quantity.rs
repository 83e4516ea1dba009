//! Resource quantities, in Kubernetes' grammar.

use std::fmt;
use std::str::FromStr;

/// An amount of memory, storage or processor time: `512Mi`, `1.5`, `250m`, `12e6`.
///
/// It is held in billionths, which is as fine as Kubernetes goes: finer parts round up, and what is too large is cut
/// to the largest there is (2^63 - 1), as Kubernetes does.
///
/// ```
/// use dormer_devfile::quantity::Quantity;
///
/// let memory: Quantity = "1.5Gi".parse().unwrap();
/// assert_eq!(memory.whole(), 1_610_612_736);
/// let cpu: Quantity = "250m".parse().unwrap();
/// assert_eq!(cpu.thousandths(), 250);
/// assert!("1 GB".parse::<Quantity>().is_err());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    billionths: i128,
}

const BILLION: i128 = 1_000_000_000;
/// The largest amount, in billionths.
const MOST: i128 = i64::MAX as i128 * BILLION;

impl Quantity {
    /// Whole units (bytes, processors), rounded up.
    pub fn whole(self) -> i64 {
        round(self.billionths, BILLION)
    }

    /// Thousandths of a unit, rounded up and cut to what fits.
    pub fn thousandths(self) -> i64 {
        round(self.billionths, BILLION / 1_000)
    }

    /// Both together, cut to the largest there is.
    pub fn plus(self, other: Self) -> Self {
        Self { billionths: self.billionths.saturating_add(other.billionths).clamp(-MOST, MOST) }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.billionths == 0
    }
}

fn round(billionths: i128, unit: i128) -> i64 {
    let up = if billionths >= 0 { (billionths + unit - 1) / unit } else { (billionths - unit + 1) / unit };
    i64::try_from(up).unwrap_or(i64::MAX)
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No number at its beginning.
    #[error("it must begin with a number, as in 512Mi or 0.5")]
    Number,
    /// A unit that Kubernetes does not have.
    #[error("its unit is none of n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent")]
    Unit,
}

/// What the number is multiplied by.
enum Scale {
    /// A power of ten.
    Ten(i64),
    /// A power of two.
    Two(u32),
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (integer, rest) = rest.split_at_checked(digits(rest)).ok_or(QuantityError::Number)?;
        let (fraction, unit) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at_checked(digits(rest)).ok_or(QuantityError::Number)?,
            None => ("", rest),
        };
        // A sign or a unit alone is nothing of it: Kubernetes reads `Gi` as 0.
        let bare = integer.is_empty() && fraction.is_empty();
        if text.is_empty() {
            return Err(QuantityError::Number);
        }
        let scale = scale(unit).map_err(|error| if bare { QuantityError::Number } else { error })?;
        let amount = amount(integer, fraction, scale).min(MOST);
        Ok(Self { billionths: if negative { -amount } else { amount } })
    }
}

fn scale(unit: &str) -> Result<Scale, QuantityError> {
    Ok(match unit {
        "n" => Scale::Ten(-9),
        "u" => Scale::Ten(-6),
        "m" => Scale::Ten(-3),
        "" => Scale::Ten(0),
        "k" => Scale::Ten(3),
        "M" => Scale::Ten(6),
        "G" => Scale::Ten(9),
        "T" => Scale::Ten(12),
        "P" => Scale::Ten(15),
        "E" => Scale::Ten(18),
        "Ki" => Scale::Two(10),
        "Mi" => Scale::Two(20),
        "Gi" => Scale::Two(30),
        "Ti" => Scale::Two(40),
        "Pi" => Scale::Two(50),
        "Ei" => Scale::Two(60),
        _ => Scale::Ten(exponent(unit).ok_or(QuantityError::Unit)?),
    })
}

/// `e` or `E`, a sign perhaps, and digits. What is beyond every amount is cut.
fn exponent(unit: &str) -> Option<i64> {
    let digits = unit.strip_prefix(['e', 'E'])?;
    let bare = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = bare.parse::<i64>().ok()?.min(1_000_000);
    Some(if digits.starts_with('-') { -size } else { size })
}

/// Digits and scale as billionths, rounded up; never more than a little over [`MOST`].
fn amount(integer: &str, fraction: &str, scale: Scale) -> i128 {
    let integer = integer.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if integer.is_empty() && fraction.is_empty() {
        return 0;
    }
    // Billionths are nine more powers of ten; the point moves right by as many digits.
    let (shift, factor) = match scale {
        Scale::Ten(power) => (power.saturating_add(9), 1),
        Scale::Two(power) => (9, 1_i128 << power),
    };
    let all = || integer.bytes().chain(fraction.bytes());
    let point = i64::try_from(integer.len()).unwrap_or(i64::MAX).saturating_add(shift);
    let leading = i64::try_from(all().take_while(|digit| *digit == b'0').count()).unwrap_or(i64::MAX);
    if point.saturating_sub(leading) > 30 {
        return MOST;
    }
    let mut value: i128 = 0;
    for (digit, _) in all().map(Some).chain(std::iter::repeat(None)).zip(0..point.max(0)) {
        value = value.saturating_mul(10).saturating_add(i128::from(digit.map_or(0, |digit| digit - b'0')));
    }
    let rest = all().skip(usize::try_from(point.max(0)).unwrap_or(usize::MAX));
    if factor == 1 {
        return value.saturating_add(i128::from(rest.into_iter().any(|digit| digit != b'0') || point < 0));
    }
    // A power of two makes finer digits count: nine more of them are exact enough to round up from.
    let mut fine: i128 = 0;
    let mut more = false;
    for (index, digit) in rest.enumerate() {
        if index < 9 {
            fine += i128::from(digit - b'0') * 10_i128.pow(8 - u32::try_from(index).unwrap_or(8));
        } else {
            more |= digit != b'0';
        }
    }
    let fine = fine.saturating_mul(factor) + i128::from(more);
    value.saturating_mul(factor).saturating_add((fine + BILLION - 1) / BILLION)
}

impl fmt::Display for Quantity {
    /// As a plain decimal number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.billionths / BILLION, (self.billionths % BILLION).abs());
        let sign = if self.billionths < 0 && whole == 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:09}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_grammar() {
        let table = [
            ("0", Ok("0")),
            ("1", Ok("1")),
            ("007", Ok("7")),
            ("1.", Ok("1")),
            (".5", Ok("0.5")),
            ("-1.5", Ok("-1.5")),
            ("+1", Ok("1")),
            ("100m", Ok("0.1")),
            ("1u", Ok("0.000001")),
            ("1n", Ok("0.000000001")),
            ("0.1n", Ok("0.000000001")),
            ("0.0000000001", Ok("0.000000001")),
            ("1k", Ok("1000")),
            ("1Ki", Ok("1024")),
            ("1.5Gi", Ok("1610612736")),
            ("0.1Ki", Ok("102.4")),
            ("1Ei", Ok("1152921504606846976")),
            ("1E", Ok("1000000000000000000")),
            ("1e3", Ok("1000")),
            ("1E-3", Ok("0.001")),
            ("1e+2", Ok("100")),
            ("1e-999999999", Ok("0.000000001")),
            ("1e-99999999999999999999", Err(QuantityError::Unit)),
            ("1e999999999", Ok("9223372036854775807")),
            ("1e99999999999999999999", Err(QuantityError::Unit)),
            ("0e999999999", Ok("0")),
            ("100000Ei", Ok("9223372036854775807")),
            ("99999999999999999999999999999999999999999999", Ok("9223372036854775807")),
            ("", Err(QuantityError::Number)),
            (".", Ok("0")),
            ("-", Ok("0")),
            ("Mi", Ok("0")),
            ("-e3", Ok("0")),
            ("x", Err(QuantityError::Number)),
            ("abc", Err(QuantityError::Number)),
            ("1 Gi", Err(QuantityError::Unit)),
            ("1GB", Err(QuantityError::Unit)),
            ("1K", Err(QuantityError::Unit)),
            ("1ki", Err(QuantityError::Unit)),
            ("1e", Err(QuantityError::Unit)),
            ("1e1.5", Err(QuantityError::Unit)),
            ("1.2.3", Err(QuantityError::Unit)),
            ("{{size}}", Err(QuantityError::Number)),
        ];
        for (text, expected) in table {
            let parsed = text.parse::<Quantity>().map(|quantity| quantity.to_string());
            assert_eq!(parsed.as_deref(), expected.as_ref().map(|s| *s), "{text}");
        }
    }

    #[test]
    fn amounts_compare_and_round_up() {
        let parse = |text: &str| text.parse::<Quantity>().unwrap();
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("1024Mi"), parse("1Gi"));
        assert_eq!(parse("0.5").whole(), 1);
        assert_eq!(parse("1500m").thousandths(), 1500);
        assert!(parse("0").is_zero());
        assert_eq!(parse("0.5Gi").plus(parse("512Mi")), parse("1Gi"));
        assert_eq!(parse("8Ei").plus(parse("8Ei")), parse("100E"));
    }

    #[test]
    fn a_megabyte_of_digits_is_a_quantity() {
        let long = "9".repeat(1 << 20);
        assert_eq!(long.parse::<Quantity>().unwrap().whole(), i64::MAX);
        assert!(format!("0.{long}Gi").parse::<Quantity>().is_ok());
        assert!(format!("1e{long}").parse::<Quantity>().is_err());
    }
}
