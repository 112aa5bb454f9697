use florin_kernel::Coin;

use super::{countdown, wait_time};

#[test]
fn minutes_have_two_digits_and_no_bound() {
    for (seconds, text) in [(0, "[00:00]"), (5, "[00:05]"), (865, "[14:25]"), (7_200, "[120:00]")] {
        assert_eq!(countdown(seconds), text);
    }
}

#[test]
fn waiting_times_are_the_contracts() {
    let cases = [
        (Coin::Btc, 0, "5 seconds"),
        (Coin::Btc, 1, "10 minutes"),
        (Coin::Btc, 6, "60 minutes"),
        (Coin::Eth, 12, "Less than 3 minutes"),
        (Coin::Usdt, 32, "Less than 7 minutes"),
        (Coin::Eth, 64, "Less than 15 minutes"),
    ];
    for (coin, confirmations, text) in cases {
        assert_eq!(wait_time(coin, confirmations), text);
    }
}
