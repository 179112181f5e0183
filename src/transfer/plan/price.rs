//! What requests and bytes cost by the list, where a list is known: at AWS.
//!
//! The prices are those of region us-east-1 as <https://aws.amazon.com/s3/pricing/> lists them (November
//! 2025), without free tiers, discounts and taxes. Other regions differ by up to two thirds. An estimate is
//! of the transfer alone: what the objects then cost by the month isn't part of it.

use super::requests::{Request, Requests};
use crate::model::StorageClass;

/// A billionth of a dollar: the price of one request is a small part of a cent.
pub type NanoDollars = u64;

/// What a storage class costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ClassPrice {
    name: &'static str,
    /// One PUT, COPY, POST or LIST.
    write: NanoDollars,
    /// One part of an upload: archives take parts at the price of the standard class.
    part: NanoDollars,
    /// One GET, or whatever else asks.
    read: NanoDollars,
    /// Each GiB that is read.
    retrieval: NanoDollars,
}

/// The prices, the standard class first.
const CLASSES: [ClassPrice; 8] = [
    ClassPrice { name: "STANDARD", write: 5_000, part: 5_000, read: 400, retrieval: 0 },
    ClassPrice { name: "INTELLIGENT_TIERING", write: 5_000, part: 5_000, read: 400, retrieval: 0 },
    ClassPrice { name: "REDUCED_REDUNDANCY", write: 5_000, part: 5_000, read: 400, retrieval: 0 },
    ClassPrice { name: "STANDARD_IA", write: 10_000, part: 10_000, read: 1_000, retrieval: 10_000_000 },
    ClassPrice { name: "ONEZONE_IA", write: 10_000, part: 10_000, read: 1_000, retrieval: 10_000_000 },
    ClassPrice { name: "GLACIER_IR", write: 20_000, part: 20_000, read: 10_000, retrieval: 30_000_000 },
    ClassPrice { name: "GLACIER", write: 30_000, part: 5_000, read: 400, retrieval: 0 },
    ClassPrice { name: "DEEP_ARCHIVE", write: 50_000, part: 5_000, read: 400, retrieval: 0 },
];

/// Bytes that leave AWS for the internet: up to so many GiB a month, the price of each.
const EGRESS: [(u64, NanoDollars); 4] =
    [(10 << 10, 90_000_000), (50 << 10, 85_000_000), (150 << 10, 70_000_000), (u64::MAX >> 30, 50_000_000)];

const GIB: u64 = 1 << 30;

fn of(class: Option<&StorageClass>) -> ClassPrice {
    let name = class.map_or("STANDARD", StorageClass::as_str);
    CLASSES.into_iter().find(|price| price.name == name).unwrap_or(CLASSES[0])
}

/// What these requests cost on objects of a class.
pub fn requests(requests: &Requests, class: Option<&StorageClass>) -> NanoDollars {
    let price = of(class);
    let one = |kind| match kind {
        Request::List => CLASSES[0].write,
        Request::Put | Request::Copy | Request::Complete => price.write,
        Request::Create | Request::Part | Request::PartCopy => price.part,
        Request::Head | Request::Tags | Request::Get => price.read,
        Request::Delete | Request::DeleteMany => 0,
    };
    requests.iter().map(|(kind, count)| one(kind) * count).sum()
}

/// What it costs to have so many bytes of a class read.
pub fn retrieval(bytes: u64, class: Option<&StorageClass>) -> NanoDollars {
    share(bytes, of(class).retrieval)
}

/// What it costs that so many bytes leave, as the first of the month.
pub fn egress(bytes: u64) -> NanoDollars {
    let mut from = 0;
    let mut cost = 0;
    for (upto, price) in EGRESS {
        let upto = upto.saturating_mul(GIB);
        cost += share(bytes.min(upto).saturating_sub(from), price);
        from = upto;
    }
    cost
}

fn share(bytes: u64, price: NanoDollars) -> NanoDollars {
    (u128::from(bytes) * u128::from(price) / u128::from(GIB)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_requests_cost_what_the_list_says() {
        let cost = |kind, class: &str| requests(&Requests::of(kind, 1000), Some(&StorageClass::new(class)));
        let standard = |kind| requests(&Requests::of(kind, 1000), None);
        assert_eq!((standard(Request::Put), standard(Request::List)), (5_000_000, 5_000_000));
        assert_eq!((standard(Request::Get), standard(Request::Head)), (400_000, 400_000));
        assert_eq!((standard(Request::Delete), standard(Request::DeleteMany)), (0, 0));
        assert_eq!(cost(Request::Put, "STANDARD_IA"), 10_000_000);
        assert_eq!(cost(Request::Put, "DEEP_ARCHIVE"), 50_000_000);
        assert_eq!(cost(Request::Part, "DEEP_ARCHIVE"), 5_000_000);
        assert_eq!(cost(Request::List, "DEEP_ARCHIVE"), 5_000_000);
    }

    #[test]
    fn bytes_that_leave_cost_less_the_more_they_are() {
        assert_eq!(egress(GIB), 90_000_000);
        assert_eq!(egress(GIB / 2), 45_000_000);
        let ten_tib = 10 << 10;
        assert_eq!(egress((ten_tib + 1) * GIB), ten_tib * 90_000_000 + 85_000_000);
        assert!(egress(u64::MAX) > egress(u64::MAX / 2));
        assert_eq!(retrieval(2 * GIB, Some(&StorageClass::new("GLACIER_IR"))), 60_000_000);
        assert_eq!(retrieval(2 * GIB, None), 0);
    }
}
