//! Checkouts in the OpenAPI document.

use serde_json::{Value, json};

use super::{answers, entity, idempotency_key, schemas};

/// The paths.
pub(super) fn paths() -> Vec<(&'static str, Value)> {
    vec![
        ("/v3/checkouts", json!({"post": open()})),
        ("/v3/checkouts/{id}", json!({"get": script(), "post": change(), "delete": close()})),
        ("/v3/checkouts/{id}/payment", json!({"get": read(), "post": pay()})),
        ("/v3/checkouts/{id}/registration", json!({"get": registration()})),
        (
            "/v3/checkouts/{id}/frame",
            json!({"get": page("The form in a frame of your page", "What the script puts in place of \
            form.paymentWidgets. Its query holds what your page asks for; card data goes to this origin alone.")}),
        ),
        (
            "/v3/checkouts/{id}/page",
            json!({"get": page("The form as a whole page", "For payers without scripts, and to link to.")}),
        ),
        (
            "/v3/paymentWidgets.js",
            json!({"get": {
                "summary": "The script for your page",
                "description": "The same as GET /v3/checkouts/{id}, and it always loads.",
                "security": [],
                "parameters": [{
                    "name": "checkoutId", "in": "query", "required": false, "description": "The checkout; of one that stores a card with /registration behind",
                    "schema": {"type": "string"}
                }],
                "responses": {"200": file("The script", "text/javascript")}
            }}),
        ),
    ]
}

fn open() -> Value {
    json!({
        "summary": "Make a checkout",
        "description": "A payment that its payer makes on a page of ours, or in a frame of yours: put the script and \
            <form action=\"{where the payer returns}\" class=\"paymentWidgets\" data-brands=\"VISA MASTER AMEX\"></form> into your \
            page.\n\nWhile a checkout is open, its merchantTransactionId gets it again; when it ended without money, a new one. It lives \
            15 minutes, below /oppwa/v1 30, or what your credential's checkout_minutes say.\n\nWith createRegistration=true the card \
            that pays is stored. Without a paymentType, and so without an amount, the checkout stores a card and nothing else: the card \
            is verified, and GET /v3/checkouts/{id}/registration tells its token. registrations[0].id and so on offer the payer cards \
            that are stored already.",
        "parameters": [idempotency_key()],
        "requestBody": form(json!({
            "entityId": "EB000001", "amount": "92.00", "currency": "EUR", "paymentType": "DB",
            "shopperResultUrl": "https://shop.example/return"
        })),
        "responses": answers(schemas::reference("Checkout"), sample("000.200.100"))
    })
}

fn change() -> Value {
    json!({
        "summary": "Change an open checkout",
        "description": "Fields that are sent replace those from before; the others stay. A page that was drawn before pays nothing.",
        "parameters": [id(), idempotency_key()],
        "requestBody": form(json!({"entityId": "EB000001", "amount": "95.50"})),
        "responses": answers(schemas::reference("Checkout"), sample("000.200.101"))
    })
}

fn close() -> Value {
    json!({
        "summary": "Close an open checkout",
        "description": "Nobody can pay it any more, and it reads as one that does not exist.",
        "parameters": [id(), entity(), idempotency_key()],
        "responses": answers(schemas::reference("Checkout"), sample("000.200.102"))
    })
}

fn read() -> Value {
    json!({
        "summary": "What became of a checkout",
        "description": "While it is open the code is 000.200.100. Then it is the payment, whose id is another one than the checkout's. \
            GET /v3/payments/{id} with the checkout's id is the same. 404 when its time was over before anything was tried.",
        "parameters": [id(), entity()],
        "responses": answers(schemas::reference("Transaction"), schemas::inquiry_sample())
    })
}

fn registration() -> Value {
    json!({
        "summary": "The card that a checkout stored",
        "description": "While the checkout is open the code is 000.200.100. Then it is the stored card, whose id is the token.",
        "parameters": [id(), entity()],
        "responses": answers(schemas::reference("Transaction"), schemas::registration_sample())
    })
}

fn pay() -> Value {
    let mut responses = answers(
        json!({"type": "object", "required": ["location"], "properties": {
            "location": {"type": "string", "description": "Where the payer goes on"}
        }}),
        json!({"location": "https://shop.example/return?id=a03a5f2526733fbb37c419b815e1c091&resourcePath=%2Fv3%2Fcheckouts%2Fa03a5f2526733fbb37c419b815e1c091%2Fpayment"}),
    );
    let location = json!({"Location": {
        "required": true, "description": "Where the payer goes on", "schema": {"type": "string"}
    }});
    responses["303"] = json!({"description": "Where the payer goes on", "headers": location});
    json!({
        "summary": "What the payer's form sends",
        "description": "Public: the id is the key. Answers 303 to where the payer goes on, or with Accept: application/json 200 and \
            location. The same form again leads to the same place and pays nothing twice.",
        "security": [],
        "parameters": [id()],
        "requestBody": {"required": false, "content": {"application/x-www-form-urlencoded": {
            "schema": schemas::reference("PayerForm"),
            "example": {
                "card.number": "4200000000000000", "card.holder": "Jane Jones", "card.expiryMonth": "05",
                "card.expiryYear": "2034", "card.cvv": "123"
            }
        }}},
        "responses": responses
    })
}

fn script() -> Value {
    json!({
        "summary": "The script for your page, by a checkout's id",
        "description": "Public JavaScript. With integrity=true the checkout's answer tells the digest to pin it to.",
        "security": [],
        "parameters": [id()],
        "responses": {
            "200": file("The script", "text/javascript"), "404": error(), "503": error()
        }
    })
}

fn page(summary: &str, description: &str) -> Value {
    json!({
        "summary": summary, "description": description, "security": [], "parameters": [id()],
        "responses": {
            "200": file("The page", "text/html"),
            "403": file("A page that says that nothing is taken from the payer's address", "text/html"),
            "404": file("A page that says that there is no such checkout", "text/html"),
            "410": file("A page that says that the time is over", "text/html"),
            "503": file("A page that says to come back", "text/html")
        }
    })
}

fn file(description: &str, content_type: &str) -> Value {
    json!({"description": description, "content": {content_type: {"schema": {"type": "string"}}}})
}

fn error() -> Value {
    json!({"$ref": "#/components/responses/Error"})
}

fn id() -> Value {
    json!({
        "name": "id", "in": "path", "required": true,
        "description": "The checkout's id, in any case, with the suffix .florin-01 or without it",
        "schema": {"type": "string", "examples": ["a03a5f2526733fbb37c419b815e1c091"]}
    })
}

fn form(example: Value) -> Value {
    json!({"required": true, "content": {"application/x-www-form-urlencoded": {
        "schema": schemas::reference("CheckoutRequest"), "example": example
    }}})
}

/// The shapes of bodies.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let text =
        |longest: u16, description: &str| json!({"type": "string", "maxLength": longest, "description": description});
    let told = |description: &str| json!({"type": "string", "description": description});
    vec![
        (
            "CheckoutRequest",
            json!({"type": "object", "required": ["entityId"], "properties": {
                "entityId": told("The entity that the token acts for"),
                "amount": told("As in a payment; not needed for a verification"),
                "currency": told("ISO 4217"),
                "paymentType": {"type": "string", "enum": ["DB", "PA", "CV"], "description": "Absent, with createRegistration=true: only store a card"},
                "createRegistration": {"type": "string", "enum": ["true", "false"], "description": "Whether the card is stored; absent: as the payer's form says"},
                "registrations[0].id": text(32, "A stored card to offer; registrations[1].id the next"),
                "shopperResultUrl": text(2048, "Where the payer returns, unless the form on your page has an action"),
                "merchantTransactionId": text(255, "Your reference"),
                "integrity": {"type": "string", "enum": ["true", "false"], "description": "Whether the answer tells the script's digest"},
                "checkoutType": text(32, "Kept"),
                "checkoutId": text(255, "Your own; kept, and no key"),
                "customer.language": text(35, "The language of the page, where your page does not say another"),
                "customParameters[key]": text(2048, "As all other fields of a payment but those of a card")
            }}),
        ),
        (
            "Checkout",
            json!({"type": "object", "required": ["result", "buildNumber", "timestamp", "ndc"], "properties": {
                "id": told("32 hexadecimal digits; below /oppwa/v1 in capitals and with .florin-01 behind"),
                "merchantTransactionId": told("Your reference"),
                "merchantInvoiceId": told("Your invoice"),
                "result": schemas::reference("Result"),
                "integrity": told("sha384- and the digest of the script"),
                "buildNumber": told("Which build of Florin answered"),
                "timestamp": told("When it was made"),
                "ndc": told("The id")
            }}),
        ),
        (
            "PayerForm",
            json!({"type": "object", "properties": {
                "card.number": told("12 to 19 digits"),
                "card.holder": text(128, "The name on the card"),
                "card.expiryMonth": {"type": "string", "pattern": "^(0[1-9]|1[0-2])$"},
                "card.expiryYear": {"type": "string", "pattern": "^(19|20)[0-9]{2}$"},
                "card.cvv": {"type": "string", "pattern": "^[0-9]{3,4}$"},
                "paymentBrand": text(32, "Absent: told by the card number"),
                "registrationId": text(32, "A stored card that the checkout offers, in place of the card fields"),
                "createRegistration": {"type": "string", "enum": ["true", "false"], "description": "Store the card, where the merchant did not say"},
                "shopperResultUrl": text(2048, "The form's action; it wins over that of the checkout"),
                "customer.browser.language": text(2048, "As all customer.browser.* fields: echoed")
            }}),
        ),
    ]
}

fn sample(code: &str) -> Value {
    let description = match code {
        "000.200.100" => "Transaction or checkout initialized, send inquiry for the final status",
        "000.200.101" => "successfully updated checkout",
        _ => "successfully deleted checkout",
    };
    json!({
        "id": "a03a5f2526733fbb37c419b815e1c091", "result": {"code": code, "description": description},
        "buildNumber": "9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000",
        "timestamp": "2025-11-21T01:42:00+00:00", "ndc": "a03a5f2526733fbb37c419b815e1c091"
    })
}
