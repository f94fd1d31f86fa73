"""Personal numbers need their check digits, their numbering plan, or a word that says what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

CASES = [
    ("iban", "⟦DE89370400440532013000⟧ and ⟦GB82 WEST 1234 5698 7654 32⟧."),
    ("iban", "to ⟦FR14 2004 1010 0505 0001 3M02 606⟧ of"),
    ("iban", "DE89370400440532013001 GB82 WEST 1234 5698 7654 33 AB12CDEF"),
    ("national_id", "ssn ⟦536-90-4399⟧ | ⟦536904399⟧".replace(" | ⟦536904399⟧", "")),
    ("national_id", "SSN: ⟦536904399⟧"),
    ("national_id", "000-12-3456 666-12-3456 536904399"),
    ("national_id", "cpf ⟦390.533.447-05⟧ cnpj ⟦16.727.230/0001-97⟧ 390.533.447-06"),
    ("national_id", "nino ⟦HH597533D⟧, ⟦HH 59 75 33 D⟧ BG123456A"),
    ("national_id", "⟦RCCMNL83S18D969H⟧ dni ⟦54362315K⟧ 54362315Z nie ⟦X2482300W⟧ nric ⟦S1234567D⟧"),
    ("national_id", "NIP: ⟦208-663-33-75⟧ ABN ⟦84 117 784 624⟧ numer_pesel=⟦91090690785⟧ USt-IdNr.: ⟦DE378079978⟧"),
    (
        "national_id",
        "INN of the applicant is 500134402404; ИНН ⟦500134402403⟧ My Number: ⟦6199 9370 5438⟧, NIP 2086633376",
    ),
    ("phone", "telefoon: ⟦06 12446238⟧, кв. 12, телефон: ⟦8 (301) 123-46-48⟧, móvil 12 34"),
    ("national_id", "PESEL: ⟦44051401359⟧ NHS ⟦943 476 5870⟧ 9434765870 44051401359"),
    ("national_id", "2024-01-02 10-20-3000 1-536-90-4399"),
    ("phone", "call ⟦+49 30 901820⟧ or ⟦+1 650-253-0000⟧ or ⟦(650) 253-0000⟧ or ⟦650-253-0000⟧"),
    ("phone", "phone: ⟦030 901820⟧"),
    ("phone", "sms to ⟦+33 6 85 47 32 77⟧ (1 segment), to ⟦+4915257039366⟧ (2 of 3)"),
    ("phone", "+1 000-000-0000 a+49301234567 2024-01-02 100-200-3000 1.2.3.4"),
    ("phone", "call ⟦0171 2345678⟧ or mobile ⟦07911 123456⟧, tel ⟦01 42 68 53 00⟧, Telefon: ⟦030 901820⟧"),
    ("phone", "phone ⟦0044 20 7946 0958⟧ office ⟦(020) 7946 0958⟧"),
    ("phone", "Tél. : ⟦06 12 34 56 78⟧, Fax : ⟦01 42 68 53 00⟧ Telefax: ⟦+49 (0)2408 / 9492-92⟧"),
    ("phone", "a=t+(r^s^i)+n[9]+3654602809&4294967295"),
    ("phone", '{"telefono": "⟦3009876544⟧", "handy": "⟦0159 05326846⟧"}'),
    ("phone", "call 12 34 56 78 times, fax 2024-01-02, cell 1000000, tel 12345678"),
    ("national_id", "CURP ⟦BOXW310820HNERXN09⟧ cuit ⟦20-05536168-2⟧ HETU ⟦131052-308T⟧ CNIC ⟦34201-0891231-8⟧"),
    ("national_id", "national id: ⟦44051401359⟧, resident id ⟦11010519491231002X⟧, AHV ⟦756.9217.0769.85⟧"),
    ("national_id", "national id: 44051401358, build id 44051401359, order number 44051401359"),
    ("crypto_address", "send ltc to ⟦LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9⟧, tron ⟦TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC⟧"),
    ("crypto_address", "⟦bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧ btc: ⟦1BoatSLRHtKNngkdXEeobR76b53LETtpyT⟧"),
    ("crypto_address", "⟦0x52908400098527886E0F7030069857D2E4169EE7⟧"),
    ("crypto_address", "0x0000000000000000000000000000000000000000 btc: 1BoatSLRHtKNngkdXEeobR76b53LETtpyU"),
    ("ip_address", "from ⟦10.1.2.3⟧:80 to ⟦2001:db8::1⟧ at 127.0.0.1 v1.2.3.4 999.1.2.3 12:34:56"),
    ("mac_address", "⟦00:1a:2b:3c:4d:5e⟧ 00:00:00:00:00:00 00:1a:2b:3c:4d:5e:6f"),
    ("iban", "iban: ⟦de89370400440532013000⟧, IBAN ⟦DE89-3704-0044-0532-0130-00⟧, de89370400440532013000"),
    ("national_id", "tax file number ⟦876543210⟧ ⟦131052-308T⟧ 131052-309T 320152-308T 1-131052-308T"),
    ("national_id", "AHV-Nr. ⟦756.9217.0769.85⟧, Steueridentifikationsnummer ⟦36 574 261 809⟧"),
    ("national_id", " id | ssn\n----+-----------\n  1 | ⟦536904399⟧\n  2 | none\n"),
    ("phone", " id | phone\n----+------------\n  1 | ⟦0301234567⟧\n  2 | unknown\n"),
    ("phone", "phone   | ⟦0121 234 5422⟧"),
    ("phone", "CA\t+4953-09709\tAmerica/Winnipeg"),
    ("national_id", "<pesel>⟦44051401359⟧</pesel> 주민등록번호: ⟦920415-2380842⟧ 주민등록번호: 920415-2380843"),
    ("crypto_address", "wallet,⟦1BoatSLRHtKNngkdXEeobR76b53LETtpyT⟧,0.3"),
    ("mac_address", "⟦001a.2b3c.4d5e⟧ 0000.0000.0000 1.001a.2b3c.4d5e"),
    ("crypto_address", "send to ⟦1BoatSLRHtKNngkdXEeobR76b53LETtpyT⟧, send to 1BoatSLRHtKNngkdXEeobR76b53LETtpyU"),
]


@pytest.mark.parametrize(("name", "marked"), CASES)
def test_personal(check: Callable[[str, str], None], name: str, marked: str) -> None:
    check(name, marked)
