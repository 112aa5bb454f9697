//! Result codes and issuers' answers in words (contract, section 3).

use std::borrow::Cow;

use serde::Serialize;

/// `{"code":"00001","description":"Transaction succeeded"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultBody {
    /// The code.
    pub code: Cow<'static, str>,
    /// What it says.
    pub description: Cow<'static, str>,
    /// The issuer's code as it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_code: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_description: Option<&'static str>,
}

impl ResultBody {
    /// A code with the words of the table.
    pub fn of(code: &'static str) -> ResultBody {
        ResultBody::saying(code, description(code))
    }

    /// A code with words of its own.
    pub fn saying(code: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> ResultBody {
        ResultBody { code: code.into(), description: description.into(), bank_code: None, bank_description: None }
    }

    /// With what the issuer said.
    pub fn with_bank(self, code: &str) -> ResultBody {
        ResultBody { bank_code: Some(code.to_owned()), bank_description: Some(bank_words(code)), ..self }
    }
}

/// What a code says.
pub fn description(code: &str) -> &'static str {
    TABLE.iter().find(|(known, _)| *known == code).map_or("Transaction failed", |(_, words)| words)
}

/// All codes but the issuers'. A colon shows that a reason follows.
pub const TABLE: &[(&str, &str)] = &[
    ("200", "Token generated successfully"),
    ("00001", "Transaction succeeded"),
    ("00002", "Transaction pending"),
    ("00003", "Registration created successfully"),
    ("00004", "Transaction captured successfully"),
    ("00005", "Transaction refunded successfully"),
    ("00006", "Transaction cancelled successfully"),
    ("00007", "Cardholder successfully registered"),
    ("00008", "Registration deleted successfully"),
    ("00011", "Invoice generated successfully"),
    ("00012", "Invoice cancelled successfully"),
    ("00013", "Invoice reminder sent successfully"),
    ("00014", "Invoice regenerated successfully"),
    ("00020", "Invoice configuration updated successfully"),
    ("00023", "Invoice configuration found successfully"),
    ("00026", "Your record found successfully"),
    ("10001", "Transaction failed"),
    ("10002", "Transaction not permitted"),
    ("10003", "Registration failed"),
    ("10005", "Capture transaction failed"),
    ("10006", "Refund transaction failed"),
    ("10007", "Cancel transaction failed"),
    ("10008", "Registration deletion failed"),
    ("10009", "Customer not created"),
    ("10011", "Invoice not generated"),
    ("10012", "Invoice cancellation failed"),
    ("10013", "Invoice reminder not sent"),
    ("10014", "Invoice regeneration failed"),
    ("10020", "Invoice configuration update failed"),
    ("10023", "Invoice configuration not read"),
    ("10026", "Your record not found"),
    ("20001", "Authentication token is missing"),
    ("20002", "Authentication token is invalid"),
    ("20003", "Authentication token has expired"),
    ("20004", "Login failed: partner, user name or key not accepted"),
    ("20005", "memberId is missing or not valid for this token"),
    ("20006", "Checksum verification failed"),
    ("20007", "Validation failed"),
    ("20008", "Request body could not be read"),
    ("20009", "Content type is not supported"),
    ("20010", "merchantTransactionId was already used with different content"),
    ("20011", "Idempotency-Key was already used with different content"),
    ("20012", "No active terminal for this terminalId, currency, paymentMode and paymentBrand"),
    ("20013", "Operation is not enabled for this account"),
    ("20014", "Too many requests"),
    ("20015", "Unknown resource"),
    ("20016", "Method not allowed"),
    ("20017", "Request too large"),
    ("20018", "Link or invoice can no longer be paid"),
    ("20099", "Service temporarily unavailable, inquire before repeating"),
];

/// A no of the issuer's: 110NN where its code has two digits and codes are wanted, else 10001.
pub fn issuer(code: &str, codes: super::settings::DeclineCode) -> ResultBody {
    let two_digits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit());
    let result = match codes {
        super::settings::DeclineCode::Iso if two_digits => ResultBody::saying(format!("110{code}"), bank_words(code)),
        super::settings::DeclineCode::Iso | super::settings::DeclineCode::Generic => ResultBody::of("10001"),
    };
    result.with_bank(code)
}

/// An issuer's code in words (ISO 8583:1987, data element 39; letters are the schemes').
pub fn bank_words(code: &str) -> &'static str {
    match code {
        "00" => "Approved",
        "01" | "02" => "Refer to card issuer",
        "03" => "Invalid merchant",
        "04" | "07" => "Pick up card",
        "05" => "Authorization declined",
        "06" => "Error",
        "10" => "Approved for a partial amount",
        "12" => "Invalid transaction",
        "13" => "Invalid amount",
        "14" => "Invalid card",
        "15" => "No such issuer",
        "19" => "Re-enter transaction",
        "30" => "Format error",
        "33" | "54" => "Card expired",
        "34" | "59" => "Suspected fraud",
        "36" | "62" => "Restricted card",
        "38" | "75" => "PIN tries exceeded",
        "39" => "No credit account",
        "41" => "Lost card",
        "43" => "Stolen card",
        "51" => "Insufficient funds",
        "55" => "Incorrect PIN",
        "57" => "Transaction not permitted to cardholder",
        "58" => "Transaction not permitted to terminal",
        "61" => "Exceeds withdrawal amount limit",
        "63" => "Security violation",
        "65" => "Exceeds withdrawal frequency limit",
        "68" => "Response received too late",
        "78" => "Card not active",
        "91" => "Issuer unavailable",
        "92" => "Routing not possible",
        "93" => "Transaction cannot be completed, violation of law",
        "94" => "Duplicate transmission",
        "96" => "System malfunction",
        "1A" => "Authentication required",
        "N7" => "Security code mismatch",
        _ => "Declined by the issuer",
    }
}
