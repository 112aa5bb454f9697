"""Leads requests past the door: most of them name the demo's entity or member and a card of the simulator, are about what is there and are
rightly signed, since a text that is made up never does and is."""

import hashlib
import json
import os
import zlib

import schemathesis

ENTITY = "EB000001"
CARDS = [
    "4200000000000000",
    "4000000000003220",  # the payer is asked
    "4000000000009995",  # no money
    "4200000000000034",  # not authenticated
    "5555555555554444",
]
AMOUNTS = ["92.00", "9051.00", "9104.00", "9105.00", "9107.00"]


def one_of(values, seen):
    """The same for the same text, so that a seed says everything."""
    return values[zlib.crc32(repr(seen).encode()) % len(values)]


def is_led(fields):
    return zlib.crc32(repr(fields).encode()) % 4 != 0


# What a made-up text is never right for: another text, or nothing.
MENDED = {
    "card.expiryMonth": "05",
    "card.expiryYear": "2034",
    "card.cvv": "123",
    "exp_month": "05",
    "exp_year": "2034",
    "cvc": "123",
    "shopperResultUrl": "https://shop.example/return",
    "notificationUrl": "https://shop.example/hook",
    "success_url": "https://shop.example/ok",
    "failure_url": "https://shop.example/no",
    "pending_url": "https://shop.example/wait",
    "webhook_url": "https://shop.example/hook",
    "ip": "203.0.113.7",
    "currency": "EUR",
    "paymentBrand": None,
    "card.token": None,
    "bankAccount.iban": None,
    "standingInstruction.mode": None,
    "threeDSecure.eci": None,
    "registrations[0].id": None,
    "originalTransactionId": None,
    "registrationId": None,
    "mode": None,
    "locale": None,
    "routing_id": 310,
    "provider_id": 211,
}


def mend(fields, at):
    """Puts what is right in the place of what is not; once in a while one stays wrong."""
    for name in list(fields):
        if isinstance(fields[name], dict):
            mend(fields[name], at + name)
        elif name in ("card.number", "card_number"):
            fields[name] = one_of(CARDS, fields[name])
        elif name in ("merchantTransactionId", "tracking_id") and isinstance(fields[name], str):
            # Most requests are none that came before.
            fields[name] = f"fuzz-{zlib.crc32(repr(fields).encode()) % 4096}"
        elif name == "amount":
            fields[name] = one_of(AMOUNTS, fields[name])
        elif name in MENDED and zlib.crc32((at + name + repr(fields[name])).encode()) % 16:
            if MENDED[name] is None:
                del fields[name]
            else:
                fields[name] = MENDED[name]


# The same for transaction services, whose fields have other names.
MENDED_SERVICES = MENDED | {
    "authentication.terminalId": None,
    "attemptThreeD": None,
    "currency": "USD",
    "merchant.currency": "USD",
    "merchantRedirectUrl": "https://shop.example/return",
    "merchant.merchantRedirectUrl": "https://shop.example/return",
    "merchant.notificationUrl": "https://shop.example/hook",
    "cardExpMonth": "05",
    "cardExpYear": "2034",
    "bankAccount.iban": "DE89370400440532013000",
    "bankAccount.accountNumber": None,
    "tmpl_amount": None,
    "tmpl_currency": None,
    "customer.customerId": None,
    "customer.email": "jon.doe@example.com",
    "customer.phone": None,
    "customer.ip": "203.0.113.7",
    "customer.birthDate": "19900101",
    "shipping.country": "GB",
    "expirationPeriod": "24",
    "authentication.expirationTime": "24",
    "remindAfter": "2",
    "maxReminders": "2",
    "fromdate": "2026-01-01",
    "todate": None,
    "pagination.fromdate": "01/01/2026",
    "pagination.todate": None,
    "pagination.pageno": "1",
    "pagination.records": "5",
    "totype": "florin",
}
CARD = {"card.number": "4000000000000051", "card.expiryMonth": "05", "card.expiryYear": "2034", "card.cvv": "745"}
BRANDS = {"CC": "VISA", "EW": "APPLEPAY", "NB": "SEPA"}
# What is signed, by the end of the path: the fields after the member's id, `key` among them, {…} of the path.
SIGNED = {
    "/payments": "key merchantTransactionId amount",
    "/payments/{id}": "key {id} amount",
    "/refund/{id}": "key {id} amount",
    "/inquiry": "key merchantTransactionId",
    "/payout": "merchantTransactionId amount key",
    "/registrations": "key card.number",
    "/paywithtoken/{registrationId}": "key {registrationId} amount",
    "/getCardsAndAccounts": "key",
    "/getTransactionList": "key",
    "/customerSignup": "key customer.givenName customer.surname customer.email",
    "/transaction/Checkout": "totype amount merchantTransactionId merchantRedirectUrl key",
    "/generate": "key merchantInvoiceId amount merchantRedirectUrl",
    "/regenerate": "key merchantRedirectUrl",
    "/invoiceServices/REST/v1/inquiry": "key merchantInvoiceId",
    "/cancel": "key merchantInvoiceId",
    "/remind": "key merchantInvoiceId",
    "/getInvoice": "key",
    "/setInvoiceConfig": "key",
    "/generatePayByLink": "merchant.orderID merchant.amount key",
}
# Ids that answers have told, for requests about what is there.
KNOWN = {"paymentId": [], "registrationId": [], "invoiceId": []}


def demo():
    """The credentials of the server that is tried."""
    with open(os.environ["FLORIN_FUZZ_DEMO"], encoding="utf-8") as file:
        return json.load(file)


def known(kind, seen):
    """An id that was told, once there is one; now and then what was made up stays."""
    led = zlib.crc32(repr((kind, seen)).encode()) % 8
    return one_of(KNOWN[kind], seen) if led and KNOWN[kind] else seen


def mend_services(path, fields):
    """Most requests of transaction services are of the demo's member, about what is there, and rightly signed."""
    for name in list(fields):
        if not isinstance(fields[name], str):
            continue
        if name in ("card.number", "cardNumber"):
            fields[name] = one_of(["4000000000000051", "4000000000000002", "4000000000009995", "5105105105105100"], fields[name])
        elif name in ("merchantTransactionId", "merchantInvoiceId", "merchant.orderID"):
            fields[name] = f"fuzz-{zlib.crc32(repr(fields).encode()) % 512}"
        elif name in ("amount", "merchant.amount"):
            fields[name] = one_of(AMOUNTS + ["1.00", "50.0", "50"], fields[name])
        elif name in KNOWN:
            fields[name] = known(name, fields[name])
        elif name in MENDED_SERVICES and zlib.crc32((name + repr(fields[name])).encode()) % 16:
            if MENDED_SERVICES[name] is None:
                del fields[name]
            else:
                fields[name] = MENDED_SERVICES[name]
    if path.endswith("/payments") and fields.get("paymentMode") not in ("EW", "NB"):
        fields["paymentMode"] = "CC"
        fields.update(CARD | {name: value for name, value in fields.items() if name in CARD})
    if "paymentMode" in fields:
        fields["paymentBrand"] = BRANDS.get(fields["paymentMode"], "VISA")
    sign(path, fields)


def sign(path, fields):
    formula = max((end for end in SIGNED if path.endswith(end)), key=len, default=None)
    if formula is None:
        return
    member = demo()["transaction_services"]
    fields["memberId" if "Checkout" in path else "authentication.memberId"] = member["member_id"]
    values = [member["secret_key"] if name == "key" else str(fields.get(name, "")) for name in SIGNED[formula].split()]
    given = [member["member_id"], *values]
    if formula == "/regenerate":
        given.insert(0, fields.get("invoiceId", ""))
    if "{" in SIGNED[formula]:
        given = [given[0], given[1], fields.pop("{id}", ""), *given[3:]]
        if fields.get("paymentType") in ("IN", "RV", "DL") and "amount" in fields:
            del fields["amount"]
        if "amount" not in fields:
            given.pop()
    digest = hashlib.md5("|".join(given).encode()).hexdigest()
    fields["checksum" if "Checkout" in path else "authentication.checksum"] = digest


# What a made-up text is never right for in the crypto dialect.
MENDED_COINS = {
    "pos_id": "POS1",
    "currency": "BTC",
    "currencies": "BTC,ETH",
    "invoice_currency": "EUR",
    "accept_zero_confirmations": "true",
    "auto_accept_underpayment": None,
    "auto_accept_underpayment_min": None,
    "auto_accept_overpayment": None,
    "auto_accept_overpayment_max": None,
    "auto_accept_late_payment": None,
    "address": None,
    "webhook_url": "http://127.0.0.1:9/hook",
    "on_success_redirect_url": "https://shop.example/paid",
    "on_failure_redirect_url": "https://shop.example/failed",
    "payer_ip_address": "203.0.113.7",
    "offset": "0",
    "limit": "10",
}
INVOICES = ["48.25", "0.60", "100.00", "1"]


def mend_coins(case):
    for name in list(case.query):
        seen = case.query[name]
        if not isinstance(seen, str):
            continue
        if name == "payment_id":
            case.query[name] = f"00000000-0000-4000-8000-{zlib.crc32(seen.encode()) % 64:012x}"
        elif name == "invoice_amount":
            case.query[name] = one_of(INVOICES, seen)
        elif name in MENDED_COINS and zlib.crc32((name + seen).encode()) % 16:
            if MENDED_COINS[name] is None:
                del case.query[name]
            else:
                case.query[name] = MENDED_COINS[name]


def is_services(path):
    return "Services/" in path or path.startswith("/transaction/")


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if path == "/sandbox/api/{op}" and case.path_parameters.get("op") in ("node", "rate"):
        # They break the simulated chain on purpose, and every answer after that is a 500 that the contract has.
        case.path_parameters["op"] = "state"
    if is_services(path):
        for name, kind in (("id", "paymentId"), ("registrationId", "registrationId")):
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = known(kind, case.path_parameters[name])
                if isinstance(case.body, dict):
                    case.body["{id}"] = case.path_parameters[name]
        if isinstance(case.body, dict) and is_led(case.body):
            mend_services(path, case.body)
        if isinstance(case.body, dict):
            case.body.pop("{id}", None)
    elif path.startswith(("/v2/", "/pay/v2/", "/sandbox/")):
        if isinstance(case.query, dict) and is_led(case.query):
            mend_coins(case)
    else:
        for fields in (case.query, case.body):
            if isinstance(fields, dict) and is_led(fields):
                if "entityId" in fields:
                    fields["entityId"] = ENTITY
                if "paymentType" in fields:
                    fields.update({"amount": "92.00", "currency": "EUR"} | fields)
                mend(fields, "")
    if case.headers and "Idempotency-Key" in case.headers and is_led({"body": repr(case.body)}):
        case.headers["Idempotency-Key"] = f"fuzz-{zlib.crc32(repr(case.body).encode())}"


@schemathesis.hook
def after_call(context, case, response):
    if not is_services(case.operation.path):
        return
    try:
        told = response.json()
    except ValueError:
        return
    if not isinstance(told, dict):
        return
    for part in (told, told.get("invoiceDetails")):
        for kind, ids in KNOWN.items():
            value = part.get(kind) if isinstance(part, dict) else None
            if value and value != "-" and value not in ids:
                ids.append(value)
