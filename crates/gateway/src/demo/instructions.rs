//! What the demo prints: commands to paste, and where to look.

use std::path::Path;

use super::file::DemoFile;

/// The text, without a line end.
pub(super) fn text(demo: &DemoFile, data: &Path) -> String {
    let DemoFile { base_url, cashier, v3, crypto, transaction_services: ts, admin, portal, .. } = demo;
    let (user, crypto_key, pos_id) = (&crypto.user, &crypto.api_key, &crypto.pos_id);
    let (portal_url, email, password) = (&portal.url, &portal.email, &portal.password);
    let (api_key, token, data) = (&cashier.api_key, &admin.token, quoted(&data.display().to_string()));
    let (entity_id, access_token) = (&v3.entity_id, &v3.access_token);
    let (partner_id, member_id, username, secret_key) = (&ts.partner_id, &ts.member_id, &ts.username, &ts.secret_key);
    format!(
        r#"
Florin demo: one merchant, test credentials, nothing moves real money.
Each command can be pasted as it stands.

1. Pay by card, server to server:

curl -sS -w '\n' {base_url}/v1/payments/s2s -H 'X-Api-Key: {api_key}' -d '{{
  "request":{{"settings":{{"webhook_url":"{base_url}/sim/inbox"}},"routing_id":310,"user_id":"U123",
    "tracking_id":"'"order-$(date +%s)"'","ip":"127.34.125.54","amount":10.05,"currency":"EUR"}},
  "card_details":{{"holder_name":"John Doe","card_number":"4111111111111111","cvc":"444","exp_month":"05","exp_year":"2030"}}}}'

   Card 4000000000003220 asks for 3-D Secure: open the "url" of the answer in a browser.
   Card 4000000000009995 is declined: insufficient funds.

2. Send the payer to the bank's page (open the "url" of the answer in a browser):

curl -sS -w '\n' {base_url}/v1/payments/direct -H 'X-Api-Key: {api_key}' -d '{{
  "request":{{"settings":{{"webhook_url":"{base_url}/sim/inbox"}},"provider_id":211,"user_id":"U123",
    "tracking_id":"'"bank-$(date +%s)"'","amount":25,"currency":"EUR"}}}}'

3. Look a payment up (put its tracking_id in place of ORDER), list today's:

curl -sS -w '\n' {base_url}/v1/transactions/ORDER -H 'X-Api-Key: {api_key}'
curl -sS -w '\n' {base_url}/v1/transactions -H 'X-Api-Key: {api_key}'

4. Pay by the Payments v3 API; {base_url}/oppwa/v1/payments takes the same:

curl -sS -w '\n' {base_url}/v3/payments -H 'Authorization: Bearer {access_token}' -d 'entityId={entity_id}' -d 'amount=92.00' \
  -d 'currency=EUR' -d 'paymentType=DB' -d 'card.number=4200000000000000' -d 'card.holder=Jane Jones' -d 'card.expiryMonth=05' \
  -d 'card.expiryYear=2034' -d 'card.cvv=123' -d 'shopperResultUrl={base_url}/'

5. Pay by the transaction services API: log in, sign, pay:

TOKEN=$(curl -sS {base_url}/transactionServices/REST/v1/authToken -d 'authentication.partnerId={partner_id}' \
  -d 'merchant.username={username}' -d 'authentication.sKey={secret_key}' | sed 's/.*"AuthToken":"\([^"]*\)".*/\1/')
ORDER="order-$(date +%s)"
SUM=$(printf %s "{member_id}|{secret_key}|$ORDER|50.00" | md5sum | cut -d' ' -f1)
curl -sS -w '\n' {base_url}/transactionServices/REST/v1/payments -H "AuthToken: $TOKEN" \
  -d 'authentication.memberId={member_id}' -d "authentication.checksum=$SUM" -d "merchantTransactionId=$ORDER" \
  -d 'amount=50.00' -d 'currency=USD' -d 'paymentType=DB' -d 'paymentMode=CC' -d 'paymentBrand=VISA' \
  -d 'card.number=4000000000000051' -d 'card.expiryMonth=07' -d 'card.expiryYear=2030' -d 'card.cvv=745'

6. Be paid in coins: start a payment, then open "sandbox_wallet_url" of the answer and pay:

curl -sS -w '\n' -u '{user}:{crypto_key}' {base_url}/v2/StartPayment/ -d pos_id={pos_id} -d invoice_currency=EUR \
  -d invoice_amount=48.25 -d currency=BTC

7. Let an hour pass on the test clock; every timer follows:

curl -sS -w '\n' {base_url}/admin/v1/clock -H 'Authorization: Bearer {token}' -d '{{"advance_s":3600}}'

Portal                      {portal_url}   ({email}, password {password})
Signed webhooks arrive at   {base_url}/sim/inbox
API references              {base_url}/docs
Check the book              florin ledger verify --data {data}
All credentials             {data}/demo.json
"#
    )
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
