"""Tell whether a change has no limiting condition: none at all, one that is always true, or a join that limits nothing.

The question is asked of the rows of the target. A condition limits them when it refers to a column of the
target in a way that can differ between rows. What cannot be told apart from a limit counts as one: `unbounded` is a
mark upon what certainly has none.
"""

from __future__ import annotations

from typing import Any

from guardcli.inspectors.sql.tree import Node, constant, strings, untag, without_places

_REFLEXIVE = frozenset(("=", "<=", ">=", "~~", "~~*"))
_IRREFLEXIVE = frozenset(("<>", "!=", "<", ">"))
_NEGATION = {"=": "<>", "<>": "=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MAX_ARMS = 32
"""Arms of one OR that are compared with each other."""

_ANY_TEXT = frozenset(("%", "%%"))


def delete_is_unbounded(node: Node) -> bool:
    """Say whether a DELETE removes every row of its target."""
    return _is_unbounded(node, node.get("usingClause", []))


def update_is_unbounded(node: Node) -> bool:
    """Say whether an UPDATE changes every row of its target."""
    return _is_unbounded(node, node.get("fromClause", []))


def merge_is_unbounded(node: Node) -> bool:
    """Say whether a MERGE updates or deletes without a condition that limits the rows of its target."""
    changes = [untag(clause)[1] for clause in node.get("mergeWhenClauses", ())]
    changes = [clause for clause in changes if clause.get("commandType") in ("CMD_UPDATE", "CMD_DELETE")]
    question = _Question(node, [node.get("sourceRelation", {})])
    joined = question.always(node.get("joinCondition"))
    for clause in changes:
        loose = joined or clause.get("matchKind") == "MERGE_WHEN_NOT_MATCHED_BY_SOURCE"
        if loose and ("condition" not in clause or question.always(clause["condition"])):
            return True
    return False


def _is_unbounded(node: Node, others: list[Any]) -> bool:
    if "whereClause" not in node:
        return True
    tag, _ = untag(node["whereClause"])
    if tag == "CurrentOfExpr":
        return False
    if _constant_truth(node["whereClause"]) is False:
        return False
    question = _Question(node, others)
    conditions = [node["whereClause"], *_join_conditions(others)]
    return all(question.always(condition) for condition in conditions)


def _join_conditions(others: list[Any]) -> list[Any]:
    found, waiting = [], list(others)
    while waiting:
        tag, body = untag(waiting.pop())
        if tag == "JoinExpr":
            waiting += [body.get("larg"), body.get("rarg")]
            if "quals" in body and body.get("jointype") == "JOIN_INNER":
                found.append(body["quals"])
    return found


class _Question:
    """One statement's target, its other relations, and the common table expressions that it can see."""

    def __init__(self, node: Node, others: list[Any]) -> None:
        relation = node.get("relation", {})
        self.table = str(relation.get("relname", ""))
        self.alias = str(relation.get("alias", {}).get("aliasname", self.table))
        self.with_clause = node.get("withClause", {})
        self.others = _sources(others)

    def always(self, condition: Any) -> bool:
        """Say whether `condition` is true for every row of the target, or does not depend on the row."""
        if condition is None:
            return True
        if self._mentions_no_target(condition):
            return True
        tag, body = untag(condition)
        if tag == "BoolExpr":
            return self._boolean(body)
        if tag == "NullTest":
            return self._is_not_null(body)
        if tag == "BooleanTest":
            return body.get("booltesttype") in ("IS_TRUE", "IS_NOT_FALSE") and self.always(body.get("arg"))
        if tag == "CoalesceExpr":
            parts = body.get("args", [])
            return constant(parts[0]) is True or all(self.always(part) for part in parts)
        if tag == "CaseExpr":
            results = [untag(part)[1].get("result") for part in body.get("args", ())]
            return "defresult" in body and all(constant(part) is True for part in [*results, body["defresult"]])
        if tag == "TypeCast":
            return self.always(body.get("arg"))
        if tag == "SubLink":
            return self._sublink(body)
        return tag == "A_Expr" and self._expression(body)

    def _boolean(self, body: Node) -> bool:
        parts = body.get("args", [])
        if body.get("boolop") == "AND_EXPR":
            return all(self.always(part) for part in parts)
        if body.get("boolop") == "OR_EXPR":
            return any(self._true_alone(part) for part in parts) or _complementary(parts)
        return self._never(parts[0]) if parts else False

    def _true_alone(self, condition: Any) -> bool:
        """Say whether one arm of an OR is true for every row; a constant that may be false is no such arm."""
        if not self._mentions_no_target(condition):
            return self.always(condition)
        return _constant_truth(condition) is not False

    def _never(self, condition: Any) -> bool:
        """Say whether `condition` is false for every row of the target."""
        tag, body = untag(condition)
        if tag == "BoolExpr" and body.get("boolop") == "NOT_EXPR":
            return self.always(body["args"][0])
        if tag == "NullTest":
            return body.get("nulltesttype") == "IS_NULL"
        if tag == "BoolExpr" and body.get("boolop") == "OR_EXPR":
            return all(self._never(part) for part in body["args"])
        if tag == "A_Expr" and body.get("kind") in ("AEXPR_OP", "AEXPR_DISTINCT"):
            irreflexive = body.get("kind") == "AEXPR_DISTINCT" or _name(body) in _IRREFLEXIVE
            return irreflexive and _same(body.get("lexpr"), body.get("rexpr"))
        return self._mentions_no_target(condition)

    @staticmethod
    def _is_not_null(body: Node) -> bool:
        return bool(body.get("nulltesttype") == "IS_NOT_NULL")

    def _expression(self, body: Node) -> bool:
        kind, left, right = body.get("kind"), body.get("lexpr"), body.get("rexpr")
        if kind in ("AEXPR_OP", "AEXPR_NOT_DISTINCT", "AEXPR_LIKE", "AEXPR_ILIKE"):
            reflexive = kind == "AEXPR_NOT_DISTINCT" or _name(body) in _REFLEXIVE
            if reflexive and (_same(left, right) or self._joins_itself(left, right)):
                return True
            return _matches_any_text(body, right)
        if kind in ("AEXPR_BETWEEN", "AEXPR_IN") and _name(body) != "<>":
            items = untag(right)[1].get("items", [])
            if kind == "AEXPR_BETWEEN":
                return all(_same(left, item) for item in items)
            return any(_same(left, item) for item in items)
        if kind == "AEXPR_OP_ANY":
            kind_of_right, array = untag(right)
            if kind_of_right == "SubLink":
                return self._reads_all_of_target(untag(array.get("subselect"))[1], _column(left))
            items = array.get("elements", [])
            return any(_same(left, item) for item in items)
        return False

    def _sublink(self, body: Node) -> bool:
        """Recognise ``id IN (SELECT id FROM the same table)`` without a limit of its own."""
        select = untag(body.get("subselect"))[1]
        if body.get("subLinkType") == "EXISTS_SUBLINK":
            return self._reads_all_of_target(select, None)
        if body.get("subLinkType") != "ANY_SUBLINK" or strings(body.get("operName")) not in ([], ["="]):
            return False
        return self._reads_all_of_target(select, _column(body.get("testexpr")))

    def _joins_itself(self, left: Any, right: Any) -> bool:
        """Recognise a join of the target with itself over the same column."""
        one, two = _references(left), _references(right)
        if len(one) != 1 or len(two) != 1 or _column(left) is None or _column(left) != _column(right):
            return False
        for reference in (one[0], two[0]):
            source = self.others.get(reference[0]) if len(reference) > 1 else None
            if source is not None and self._is_whole_target(source, _column(left)):
                return True
        return False

    def _is_whole_target(self, source: Node, column: str | None) -> bool:
        if "relname" in source:
            if source["relname"] == self.table:
                return True
            expression = self._common_table(str(source["relname"]))
            return expression is not None and self._reads_all_of_target(expression, column)
        return self._reads_all_of_target(untag(source.get("subquery"))[1], column)

    def _common_table(self, name: str) -> Node | None:
        for item in self.with_clause.get("ctes", ()):
            body = untag(item)[1]
            if body.get("ctename") == name:
                return untag(body.get("ctequery"))[1]
        return None

    def _reads_all_of_target(self, select: Node, column: str | None) -> bool:
        """Say whether `select` returns `column` of every row of the target."""
        if not select or any(key in select for key in ("limitCount", "limitOffset", "groupClause", "havingClause")):
            return False
        sources = select.get("fromClause", [])
        columns = [untag(item)[1].get("val") for item in select.get("targetList", ())]
        if not sources and "whereClause" not in select:
            return column is not None and any(_column(item) == column for item in columns)
        if len(sources) != 1 or select.get("op", "SETOP_NONE") != "SETOP_NONE":
            return False
        tag, body = untag(sources[0])
        if tag == "RangeVar" and body.get("relname") != self.table:
            expression = self._common_table(str(body.get("relname")))
            if expression is None or not self._reads_all_of_target(expression, column):
                return False
        elif tag != "RangeVar":
            return False
        inner = _Question({"relation": body, "withClause": self.with_clause}, [])
        inner.others = {self.alias: {"relname": self.table}}
        if "whereClause" in select and not inner.always(select["whereClause"]):
            return False
        return column is None or any(_column(item) in (column, "*") for item in columns)

    def _mentions_no_target(self, condition: Any) -> bool:
        for reference in _references(condition):
            if len(reference) == 1 or reference[-2] in (self.alias, self.table):
                return False
            if reference[-2] not in self.others:
                return False
        return True


def _sources(others: list[Any]) -> dict[str, Node]:
    """Return the relations beside the target, by the name that the statement calls them."""
    found: dict[str, Node] = {}
    waiting = list(others)
    while waiting:
        tag, body = untag(waiting.pop())
        if tag == "JoinExpr":
            waiting += [body.get("larg"), body.get("rarg")]
        elif body:
            name = body.get("alias", {}).get("aliasname") or body.get("relname")
            if name:
                found[str(name)] = body
    return found


def _references(value: Any) -> list[list[str]]:
    """Return every column reference under `value`; what a sub-query refers to among its own is left out."""
    found: list[list[str]] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            tag, body = untag(node)
            if tag == "ColumnRef":
                found.append(strings(body.get("fields")))
            elif tag == "SubLink":
                found += _outer_references(body)
            else:
                waiting.extend(node.values())
    return found


def _outer_references(body: Node) -> list[list[str]]:
    """Return the references of a sub-query that may mean a row outside of it."""
    select = untag(body.get("subselect"))[1]
    inside = _sources(select.get("fromClause", []))
    found = _references(body.get("testexpr")) if "testexpr" in body else []
    for reference in _references(list(select.values())):
        if len(reference) == 1 and inside:
            continue
        if len(reference) > 1 and reference[-2] in inside:
            continue
        found.append(reference)
    return found


def _column(value: Any) -> str | None:
    tag, body = untag(value)
    while tag == "TypeCast":
        tag, body = untag(body.get("arg"))
    names = strings(body.get("fields")) if tag == "ColumnRef" else []
    return names[-1] if names else None


def _name(body: Node) -> str:
    names = strings(body.get("name"))
    return names[-1] if names else ""


def _same(left: Any, right: Any) -> bool:
    return left is not None and bool(without_places(left) == without_places(right))


def _matches_any_text(body: Node, right: Any) -> bool:
    pattern = constant(right)
    if body.get("kind") in ("AEXPR_LIKE", "AEXPR_ILIKE"):
        return _name(body) in ("~~", "~~*") and pattern in _ANY_TEXT
    return _name(body) in ("~", "~*") and pattern in ("", ".*", "^", "$")


def _complementary(parts: list[Any]) -> bool:
    """Say whether two arms of an OR leave out no value: ``a = 1 OR a <> 1``, ``a IS NULL OR a IS NOT NULL``."""
    bare = [without_places(part) for part in parts[:_MAX_ARMS]]
    for one in bare:
        tag, body = untag(one)
        if tag == "BoolExpr" and body.get("boolop") == "NOT_EXPR" and body["args"][0] in bare:
            return True
        if tag == "A_Expr" and body.get("kind") == "AEXPR_OP" and _name(body) in _NEGATION:
            opposite = {"A_Expr": {**body, "name": [{"String": {"sval": _NEGATION[_name(body)]}}]}}
            if opposite in bare:
                return True
    return False


def _constant_truth(condition: Any) -> bool | None:
    """Return the truth of a literal or of a comparison of two literals; None where it is not plain."""
    value = constant(condition)
    if isinstance(value, bool):
        return value
    tag, body = untag(condition)
    if tag != "A_Expr" or body.get("kind") != "AEXPR_OP":
        return None
    left, right = constant(body.get("lexpr")), constant(body.get("rexpr"))
    if left is None or type(left) is not type(right):
        return None
    if _name(body) == "=":
        return left == right
    return left != right if _name(body) in ("<>", "!=") else None
