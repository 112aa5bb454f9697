//! The fields of the shop's form: old and new names, whatever their letter case (contract, section 8.15).

use crate::dialects::transaction_services::errors::Problem;
use crate::dialects::transaction_services::fields::Fields;

/// Our names, each with the older ones, in lower case.
const NAMES: &[(&str, &[&str])] = &[
    ("authentication.memberId", &["memberid", "toid", "authentication.memberid"]),
    ("totype", &["totype"]),
    ("amount", &["amount"]),
    ("currency", &["currency"]),
    ("merchantTransactionId", &["merchanttransactionid", "description"]),
    ("merchantRedirectUrl", &["merchantredirecturl", "redirecturl"]),
    ("authentication.checksum", &["checksum", "authentication.checksum"]),
    ("paymentType", &["transactiontype"]),
    ("authentication.terminalId", &["terminalid", "authentication.terminalid"]),
    ("paymentMode", &["paymentmode", "paymenttype"]),
    ("paymentBrand", &["paymentbrand", "cardtype"]),
    ("attemptThreeD", &["attemptthreed"]),
    ("createRegistration", &["createregistration"]),
    ("redirectMethod", &["redirectmethod"]),
    ("notificationUrl", &["notificationurl"]),
    ("orderDescriptor", &["orderdescription", "orderdescriptor"]),
    ("tmpl_amount", &["tmpl_amount"]),
    ("tmpl_currency", &["tmpl_currency"]),
    ("lang", &["lang", "lang_iso"]),
    ("customer.givenName", &["firstname"]),
    ("customer.surname", &["lastname"]),
    ("customer.birthDate", &["dateofbirth"]),
    ("customer.email", &["email", "tmpl_emailaddr"]),
    ("customer.phone", &["phone", "tmpl_telno"]),
    ("customer.telnocc", &["telnocc", "tmpl_telnocc"]),
    ("shipping.country", &["country", "tmpl_country"]),
    ("shipping.city", &["city", "tmpl_city"]),
    ("shipping.state", &["state", "tmpl_state"]),
    ("shipping.postcode", &["postcode", "tmpl_zip"]),
    ("shipping.street1", &["street", "tmpl_street"]),
    ("customer.ip", &["ip", "ipaddr"]),
    ("customer.customerId", &["customerid"]),
];

/// The shop's fields under the names that the other calls have; everything else, `key` among it, is left out here and kept nowhere.
///
/// # Errors
/// [`Problem::Fields`] for a name that came twice with different values.
pub fn named(sent: &Fields) -> Result<Fields, Problem> {
    let mut fields = Fields::default();
    for (name, spellings) in NAMES {
        // A newer name goes before an older one.
        let is_sent = |spelling: &&&str| sent.pairs().any(|(known, _)| known.eq_ignore_ascii_case(spelling));
        let Some(spelling) = spellings.iter().find(is_sent) else { continue };
        for (_, value) in sent.pairs().filter(|(known, _)| known.eq_ignore_ascii_case(spelling)) {
            fields.put(name, value)?;
        }
    }
    fields.checked()
}
