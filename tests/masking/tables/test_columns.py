"""A rule's columns are masked in every form that psql prints, and as keys of JSON and YAML."""

from __future__ import annotations

import json
import random

import pytest
import yaml

from guardcli.masking import Masker
from guardcli.model.masking import MaskRule, Strategy

MASKER = Masker([MaskRule(columns=("*.ssn", "customers.nick"), strategy=Strategy.MASK)], key=bytes(32))

CASES = {
    "aligned": (
        " id |  ssn  | nick \n----+-------+------\n  1 | 12-34 | bob\n  2 |       | 日本\n(2 rows)\n\n ssn | nick\n",
        " id |  ssn  | nick \n----+-------+------\n  1 | ***** | ***\n  2 |       | ****\n(2 rows)\n\n ssn | nick\n",
    ),
    "aligned, wide characters before it": (
        "  name  |  ssn  \n--------+-------\n 日本語 | 12-34\n naïve  | 56-78\n(2 rows)\n",
        "  name  |  ssn  \n--------+-------\n 日本語 | *****\n naïve  | *****\n(2 rows)\n",
    ),
    "aligned, one column": (" ssn \n-----\n 1-2\n(1 row)\n", " ssn \n-----\n ***\n(1 row)\n"),
    "border 2": (
        "+----+------+\n| id | ssn  |\n+----+------+\n|  1 | 1234 |\n+----+------+\n",
        "+----+------+\n| id | ssn  |\n+----+------+\n|  1 | **** |\n+----+------+\n",
    ),
    "expanded": (
        "-[ RECORD 1 ]--\nid   | 1\nssn  | 12-34\nnick | bob b\n",
        "-[ RECORD 1 ]--\nid   | 1\nssn  | *****\nnick | *****\n",
    ),
    "csv": (
        'id,ssn,note\n1,12-34,"a, ""b"""\n2,"x ""y"" z",c\n3,,d\n',
        'id,ssn,note\n1,*****,"a, ""b"""\n2,"*********",c\n3,,d\n',
    ),
    "csv over lines": ('id,ssn\n1,"a\nb"\n2,c\n', 'id,ssn\n1,"*\n*"\n2,*\n'),
    "unaligned": (
        "id|ssn|nick\n1|12-34|bob\n(1 row)\nid|ssn\n1|9\n",
        "id|ssn|nick\n1|*****|***\n(1 row)\nid|ssn\n1|*\n",
    ),
    "unaligned, the column in the second result": (
        "id|n\n1|2\n(1 row)\nid|ssn\n1|9\n(1 row)\n",
        "id|n\n1|2\n(1 row)\nid|ssn\n1|*\n(1 row)\n",
    ),
    "csv behind other lines": ("SET\nid,ssn,nick\n1,12-34,x\n", "SET\nid,ssn,nick\n1,*****,*\n"),
    "a header that begins with the name, behind other lines": (
        'Null display is "".\nssn,id,1\n12-34,1,x\nx-y,2,z\n',
        'Null display is "".\nssn,****\n*********\n*******\n',
    ),
    "csv, columns that are called anything": ("1,Größe,ssn\n5,a,12-34\n", "1,Größe,ssn\n5,a,*****\n"),
    "no header, since it is a sentence": ("Please: a,ssn,b.\n5,a,12-34\n", "Please: a,ssn,b.\n5,a,12-34\n"),
    "a record of csv whose value is many lines": (
        'id,0\nssn,"12\n\n(1 row)\n34"\nnote,x\n\nother\n',
        'id,0\nssn,"**\n\n*******\n**"\nnote,x\n\nother\n',
    ),
    "a record of csv whose value holds commas": ('id,0\nssn,"12,34"\nnote,x\n', 'id,0\nssn,"*****"\nnote,x\n'),
    "aligned, a name over lines": (
        " a+| ssn \n b | +x  \n---+-----\n 1 | 1-2\n(1 row)\n",
        " a+| ssn \n b | +x  \n---+-----\n 1 | ***\n(1 row)\n",
    ),
    "aligned, NULL in the one column": (
        " ssn  \n------\n 1-2\n \n 34\n(3 rows)\n",
        " ssn  \n------\n ***\n \n **\n(3 rows)\n",
    ),
    "no border, NULL in the one column": (
        "ssn \n----\n1-2\n\n34\n(3 rows)\n\nx\n",
        "ssn \n----\n***\n\n**\n(3 rows)\n\nx\n",
    ),
    "no border, a value of more lines than the one beside it": (
        "ssn n \n--- --\n1-2 a+\n      \n34  b \n(2 rows)\n",
        "ssn n \n--- --\n*** a+\n      \n**  b \n(2 rows)\n",
    ),
    "a table in a frame without a row": (
        "+----+-----+\n| id | ssn |\n+----+-----+\n+----+-----+\n\nTime: 0.899 ms\n" * 2,
        "+----+-----+\n| id | ssn |\n+----+-----+\n+----+-----+\n\nTime: 0.899 ms\n" * 2,
    ),
    "a double line below the header": (
        " id │ ssn \n════╪═════\n  1 │ 1-2\n",
        " id │ ssn \n════╪═════\n  1 │ ***\n",
    ),
    "a record without a border under a wide line": (
        "* Record 1              \nid  0\nssn 12-34\n",
        "* Record 1              \nid  0\nssn *****\n",
    ),
    "troff, nothing in the last column": (
        ".TS\nl | l | l.\n\\fIid\\fP\t\\fIssn\\fP\t\\fIx\\fP\n_\n1\ta-b\t\n2\tc-d\t\n.TE\n",
        ".TS\nl | l | l.\n\\fIid\\fP\t\\fIssn\\fP\t\\fIx\\fP\n_\n1\t***\t\n2\t***\t\n.TE\n",
    ),
    "csv, several results": (
        "id,n\n1,2\nid,ssn\n1,9\nnick,x,id\nbo,4,3\n",
        "id,n\n1,2\nid,ssn\n1,*\n*********\n******\n",
    ),
    "csv of two columns behind a tag": ("SET\nssn,id\n12-3,4\n", "SET\nssn,**\n****,4\n"),
    "copy with a header behind its tag": ("COPY 2\nid\tssn\n1\t12-34\n", "COPY 2\nid\tssn\n1\t*****\n"),
    "a name in a sentence": ("the ssn\nid, ssn, and so on\n12-34\n", "the ssn\nid, ssn, and so on\n12-34\n"),
    "a name alone": ("INSERT 0 1\nssn\n12-34\n", "INSERT 0 1\nssn\n*****\n"),
    "unaligned, another separator": ("id~ssn~n\n1~12-34~x\n", "id~ssn~n\n1~*****~x\n"),
    "unaligned, one column": ("ssn\n12,34|5\n(1 row)\n", "ssn\n*******\n(1 row)\n"),
    "wrapped": (
        " id |  ssn  \n----+-------\n  1 | 12-  .\n    |.34    \n(1 row)\n",
        " id |  ssn  \n----+-------\n  1 | ***  .\n    |***    \n(1 row)\n",
    ),
    "kubectl's columns": (
        "NAME    SSN     AGE\nann     12-34   5d\nbob     <none>  6d\n",
        "NAME    SSN     AGE\nann     *****   5d\nbob     ******  6d\n",
    ),
    "kubectl's columns, two tables": (
        "NAME   AGE\nann    5d\n\nNAME   SSN   AGE\nbob    123   6d\n",
        "NAME   AGE\nann    5d\n\nNAME   SSN   AGE\nbob    ***   6d\n",
    ),
    "a map as Go prints it": ("SPEC\nmap[id:4 ssn:map[x:12 y:34] z:5]\n", "SPEC\nmap[id:4 ssn:*******************\n"),
    "kubectl's columns, none of ours": ("NAME    AGE\nann     5d\n", "NAME    AGE\nann     5d\n"),
    "yaml block": ("a:\n  ssn: |\n    12\n    34\n  other: c\n", "a:\n  ssn: |\n    **\n    **\n  other: c\n"),
    "json": (
        '{"ssn": "12-34", "ssnx": "a", "nick":"b\\"c", "n": 1}\n{"ssn": null, "SSN": ""}\n',
        '{"ssn": "*****", "ssnx": "a", "nick":"****", "n": 1}\n{"ssn": null, "SSN": ""}\n',
    ),
    "yaml": ("a:\n  ssn: 12-34 # x\n  nick: 'b'\n  other: c\n", "a:\n  ssn: xxxxx # x\n  nick: '*'\n  other: c\n"),
    "names in prose stay": ("the ssn and the nick\nassn: x\n", "the ssn and the nick\nassn: x\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_columns_are_masked_over_every_split(name: str) -> None:
    text, wanted = (one.encode() for one in CASES[name])
    for place in range(len(text) + 1):
        stream = MASKER.stream("psql")
        assert (stream.feed(text[:place]) + stream.feed(text[place:]) + stream.finish()).decode() == wanted.decode()


def test_a_bare_json_number_gives_way_to_a_string() -> None:
    masker = Masker([MaskRule(columns=("*.ssn",))], key=bytes(32))
    assert json.loads(masker.text('{"ssn": 123456789, "n": 1}')) == {"ssn": "[SSN]", "n": 1}


def test_yaml_and_json_stay_what_they_were_under_every_strategy() -> None:
    dice = random.Random(3)
    for strategy in Strategy:
        masker = Masker([MaskRule(columns=("*.ssn",), strategy=strategy)], key=bytes(32))
        for _ in range(50):
            value = "".join(dice.choice("ab9-_ .") for _ in range(dice.randrange(1, 20))).strip() or "x"
            document = {"a": {"ssn": "v" + value, "other": "kept"}, "list": [{"ssn": "w" + value}]}
            for dump, load in ((json.dumps, json.loads), (yaml.safe_dump, yaml.safe_load)):
                masked = load(masker.text(dump(document)))
                assert masked["a"]["other"] == "kept"
                assert isinstance(masked["a"]["ssn"], str) and masked["a"]["ssn"] != document["a"]["ssn"]


def test_columns_hold_for_the_tools_of_their_rule() -> None:
    masker = Masker([MaskRule(columns=("*.ssn",), tools=("psql",))], key=bytes(32))
    assert masker.text("ssn: 1-2", "psql") == "ssn: <SSN>"
    assert masker.text("ssn: 1-2", "git") == "ssn: 1-2"


WIDE = {
    "aligned": " id | ssn | {0}\n----+-----+-{1}\n  1 | 1-2 | {2}\n  2 | 3-4 | {0}\n(2 rows)\n\nssn 5-6\n",
    "the last column": " {0} | ssn \n-{1}-+-----\n {2} | 1-2\n {0} | 3-4\n(2 rows)\n\nssn 5-6\n",
    "no border": "{0} ssn\n{1} ---\n{2} 1-2\n{0} 3-4\n(2 rows)\n\nssn 5-6\n",
    "boxes": " {0} │ ssn \n─{3}─┼─────\n {2} │ 1-2\n {0} │ 3-4\n(2 rows)\n\nssn 5-6\n",
    "records": "-[ RECORD 1 ]-{1}\nssn  | 1-2\nnote | {2}\n-[ RECORD 2 ]-{1}\nssn  | 3-4\n\nssn 5-6\n",
    "records without a border": "* Record 1 {0}\nssn  1-2\nnote {2}\n* Record 2 {0}\nssn  3-4\n\nssn 5-6\n",
    "troff": ".TS\nl | l.\n\\fIssn\\fP\t\\fInote\\fP\n_\n1-2\t{2}\n3-4\t{2}\n.TE\nssn 5-6\n",
}


@pytest.mark.parametrize("form", WIDE)
@pytest.mark.parametrize("wide", [3000, 40_000])
def test_columns_are_masked_in_tables_of_any_width(form: str, wide: int) -> None:
    cells = (" " * wide, "-" * wide, "word " * (wide // 5), "─" * wide)
    for before, size in (("", 1 << 20), ("SET\n", 4096)):
        data = (before + WIDE[form].format(*cells)).encode()
        stream = MASKER.stream("psql")
        pieces = [stream.feed(data[place : place + size]) for place in range(0, len(data), size)]
        shown = b"".join(pieces) + stream.finish()
        assert b"1-2" not in shown and b"3-4" not in shown and shown.endswith(b"ssn 5-6\n"), shown[-80:]
