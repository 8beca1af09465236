"""The printed equations read into the algebra: chains of sides and the signs between them.

What is read is what is printed: nothing is cancelled, and factors and terms keep their order. What
cannot be read is refused with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy
from sympy import Basic, Expr, Function, MatAdd, MatrixExpr, Pow, Symbol

from onekl.reading.glossary import LETTERS, Glossary, d, glossary_of
from onekl.reading.glossary import y as LABEL
from onekl.reading.nodes import CASES, Node, parse, printed, write
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Dirac,
    Expectation,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    bound_variables,
)
from onekl.symbolic.lines.written import negative, product, ratio, total
from onekl.symbolic.parametric.densities import Along, ParametricJoint
from onekl.symbolic.vectors.algebra import SquaredNorm, Vector, ZeroVector

SIGNS = ("=", r"\sim", r"\approx", r"\to", r"\geq")
Nodes = Sequence[Node]


class NotRead(ValueError):
    """What is printed cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Best:
    """An arg min or an arg max, or a max: what is varied, as printed, and the objective."""

    kind: str  # "min" or "max"
    varied: str
    objective: Expr


@dataclass(frozen=True)
class Tends:
    """A limit that is printed with lim."""

    expression: Expr
    symbol: Symbol
    point: Expr


@dataclass(frozen=True)
class Name:
    """A left side that names what is chosen, such as D, or G and E."""

    text: str


Side = Basic | Best | Tends | Name


@dataclass(frozen=True)
class Step:
    """One sign with its two sides.

    `place` is such as su-4.2, the second sign of (4), printed `at` that place in the LaTeX; or such
    as su-20.a for a step that the source makes in words.
    """

    place: str
    left: Side
    sign: str
    right: Side
    at: int | None = None


@dataclass(frozen=True)
class Equation:
    """What an equation prints: sides, one more than there are signs in each clause."""

    id: str
    clauses: tuple[tuple[Side, ...], ...]
    steps: tuple[Step, ...]

    @property
    def expression(self) -> Side:
        """What an equation without a sign prints."""
        ((only,),) = self.clauses
        return only


class Article:
    """The equations of the sources by their ids, each read when it is first asked for."""

    def __init__(self, printed: Mapping[str, str]) -> None:
        self.printed = dict(printed)
        self._read: dict[str, Equation] = {}

    def __getitem__(self, id: str) -> Equation:
        """The equation of this claim; NotRead, with the place, for what cannot be read."""
        if id not in self._read:
            self._read[id] = self._equation(id)
        return self._read[id]

    def in_words(self, id: str, latex: str) -> Expr:
        """An expression that the text prints beside this equation, with the section's glossary."""
        return _Reader(glossary_of(id), self).sum(parse(latex))

    def _equation(self, id: str) -> Equation:
        """Sides and signs, with the glossary of the equation's section."""
        reader = _Reader(glossary_of(id), self)
        try:
            nodes = parse(self.printed[id])
        except ValueError as problem:
            raise NotRead(f"{id}: {problem}") from problem
        clauses, steps = [], []
        for clause in _split(nodes, (r"\quad",)):
            clause = [n for n in clause if n.text != "," or n is not clause[-1]]
            signs = [node for node in clause if node.text in SIGNS]
            parts = list(_split(clause, SIGNS))
            sides = tuple(
                reader.side(id, part, is_first=k == 0 and bool(signs))
                for k, part in enumerate(parts)
            )
            clauses.append(sides)
            for sign, left, right in zip(signs, sides, sides[1:]):
                steps.append(Step(f"{id}.{len(steps) + 1}", left, sign.text, right, sign.at))
        return Equation(id, tuple(clauses), tuple(steps))


def _split(nodes: Nodes, at: Sequence[str]) -> Iterator[list[Node]]:
    """The nodes between those with one of the texts."""
    part: list[Node] = []
    for node in nodes:
        if node.kind == "sign" and node.text in at:
            yield part
            part = []
        else:
            part.append(node)
    yield part


class _Reader:
    """Reads nodes with one glossary."""

    def __init__(self, glossary: Glossary, article: Article) -> None:
        self.glossary, self.article = glossary, article

    def side(self, id: str, nodes: Nodes, *, is_first: bool) -> Side:
        """One side of a chain; NotRead names the equation too."""
        try:
            return self._side(id, nodes, is_first)
        except NotRead as problem:
            raise NotRead(f"{id}: {problem}") from problem
        except (ValueError, TypeError, AttributeError) as problem:  # no such object of the algebra
            raise NotRead(f"{id}: {write(nodes)}: {problem}") from problem

    def _side(self, id: str, nodes: Nodes, is_first: bool) -> Side:
        if not nodes:
            raise NotRead("a side of a sign is empty")
        first = nodes[0]
        if first.text.startswith(r"\mathop"):
            kind = "min" if "min" in first.text else "max"
            return Best(kind, write(first.below), self.sum(nodes[1:]))
        if first.text == r"\max":
            return self._highest(nodes)
        if first.text == r"\lim":
            return self._limit(first, nodes[1:])
        if first.kind == "group" and first.text == CASES and len(nodes) == 1:
            return self._cases(first)
        is_defined_here = self.glossary.defined.get(write(nodes)) == id
        if is_first and (is_defined_here or all(map(_is_name, nodes))):
            return Name(write(nodes))
        return self.sum(nodes)

    def _highest(self, nodes: Nodes) -> Best:
        """A maximum over one thing, or over several in turn."""
        start = next((k for k, node in enumerate(nodes) if node.text != r"\max"), len(nodes))
        varied = ",".join(write(node.below) for node in nodes[:start])
        return Best("max", varied, self.sum(nodes[start:]))

    def _limit(self, lim: Node, nodes: Nodes) -> Tends:
        symbol, arrow, point = lim.below
        if arrow.text != r"\to":
            raise NotRead(f"{lim} has no arrow")
        return Tends(self.sum(nodes), self.factor([symbol], 0)[0], self.sum([point]))

    def _cases(self, group: Node) -> LabelledJoint:
        """The two lines of a joint with the label y."""
        rows: list[list[Node]] = [[]]
        for node in group.inside:
            rows.append([]) if node.kind == "break" else rows[-1].append(node)
        at: dict[str, Expr] = {}
        for row in rows:
            *value, comma, label, sign, outcome = row
            if comma.text != "," or label.text != "y" or sign.text != "=" or outcome.text in at:
                raise NotRead(f"{write(row)} is no case of the label")
            at[outcome.text] = self.sum(value)
        if set(at) != {"0", "1"}:
            raise NotRead(f"{group} has no case for each value of the label")
        return LabelledJoint(LABEL, at["1"], at["0"])

    # Sums and products.

    def sum(self, nodes: Nodes) -> Expr:
        """A sum of terms, as it is written; 1 − D is the chance of the other outcome."""
        terms: list[Expr] = []
        sign, part, in_norm = 1, [], False
        for node in (*nodes, Node("sign", "+")):
            in_norm ^= node.text == r"\Vert"
            if node.kind == "sign" and node.text in "+-" and not in_norm:
                if part:
                    term = self.term(part)
                    terms.append(_minus(term) if sign < 0 else term)
                elif terms or sign < 0:
                    raise NotRead(f"a term is missing in {write(nodes)}")
                sign, part = -1 if node.text == "-" else 1, []
            else:
                part.append(node)
        if any(isinstance(term, MatrixExpr) for term in terms):
            if not all(isinstance(term, MatrixExpr) for term in terms):
                raise NotRead(f"a vector and a number are added in {write(nodes)}")
            return terms[0] if len(terms) == 1 else MatAdd(*terms)
        if len(terms) == 2 and terms[0] == 1 and isinstance(-terms[1], ClassProbability):
            return (-terms[1]).other
        if not terms:
            raise NotRead("nothing stands where a sum is read")
        return total(*terms)

    def term(self, nodes: Nodes) -> Expr:
        """A product of factors, as it is written."""
        parts, at = [], 0
        while at < len(nodes):
            node = nodes[at]
            if node.text == "/":
                below, at = self.factor(nodes, at + 1)
                parts = [ratio(product(*parts), below)]
                continue
            part, at = self.factor(nodes, at)
            parts.append(part)
        if not parts:
            raise NotRead("a product has no factor")
        return parts[0] if len(parts) == 1 else product(*parts)

    def factor(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        """The factor that starts at a node with its power, and where the next one starts."""
        if at >= len(nodes):
            raise NotRead(f"a factor is missing after {write(nodes)}")
        value, at = self._bare(nodes, at)
        if at < len(nodes) and nodes[at].text == "^":
            power = self.sum(nodes[at + 1].inside or [nodes[at + 1]])
            at += 2
            if isinstance(value, MatrixExpr):
                if power != 2:
                    raise NotRead(f"a vector to the power {power} in {write(nodes)}")
                return SquaredNorm(value), at
            return Pow(value, power, evaluate=False), at
        return value, at

    def _bare(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        node = nodes[at]
        rule = _OPERATORS.get(node.text)
        if rule is not None and node.kind != "letter":
            return rule(self, nodes, at)
        if node.kind == "group":
            return self.sum(node.inside), at + 1
        if node.kind == "letter":
            return self._letter(nodes, at)
        if node.text.isdigit():
            return sympy.Integer(node.text), at + 1
        raise NotRead(f"{node} has no meaning in {write(nodes)}")

    # Operators.

    def _integral(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        count = 2 if nodes[at].text == r"\iint" else 1
        ends = [k for k in range(at + 1, len(nodes)) if nodes[k].kind == "differential"][:count]
        if len(ends) < count or ends[-1] != ends[0] + count - 1:
            raise NotRead(f"{nodes[at]} has not {count} differentials together in {write(nodes)}")
        variables = [self._variable(nodes[k].inside[0]) for k in ends]
        return SumOrIntegral(self.sum(nodes[at + 1 : ends[0]]), variables), ends[-1] + 1

    def _mean(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        value, end = self._averaged(nodes, at)
        for draw in reversed(list(_split(nodes[at].below, (",",)))):
            value = self._drawn(draw, value)
        return value, end

    def _averaged(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        """What a mean covers: the brackets after it, or what reaches to the next + or −."""
        rest = nodes[at + 1 :]
        if rest and rest[0].kind == "group":
            return self.sum(rest[0].inside), at + 2
        return self.term(rest), len(nodes)

    def _mean_under(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        """A mean that prints the density alone under its sign: its variables are drawn."""
        value, end = self._averaged(nodes, at)
        weight = self.term(nodes[at].below)
        if not isinstance(weight, Density):
            raise NotRead(f"{nodes[at]} is no mean under a density")
        if bound_variables(value) & set(weight.over):
            raise NotRead(f"{write(nodes[at:])} draws a variable twice")
        return Expectation(weight, value), end

    def _drawn(self, draw: Nodes, value: Expr) -> Expr:
        """E over one variable; drawn from a density of another variable it is what it says."""
        if len(draw) < 3 or draw[1].text != r"\sim":
            raise NotRead(f"{write(draw)} says of nothing from what it is drawn")
        variable, weight = self._variable(draw[0]), self.term(draw[2:])
        if isinstance(weight, Density) and weight.over == (variable,):
            return Expectation(weight, value)
        return SumOrIntegral(product(weight, value), (variable,))

    def _sum_over(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        joint = self.term(nodes[at + 1 :])
        if write(nodes[at].below) != "y" or not isinstance(joint, LabelledJoint):
            raise NotRead(f"{write(nodes[at:])} is no sum over the label")
        return total(joint.one, joint.zero), len(nodes)

    def _log(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        inside, end = self.factor(nodes, at + 1)
        return sympy.log(inside, evaluate=False), end

    def _exp(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        inside, end = self.factor(nodes, at + 1)
        return sympy.exp(inside, evaluate=False), end

    def _fraction(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        if len(nodes) < at + 3 or not all(n.text == "{" for n in nodes[at + 1 : at + 3]):
            raise NotRead(f"a fraction without its two parts in {write(nodes)}")
        above, below = (self.sum(n.inside) for n in nodes[at + 1 : at + 3])
        return ratio(above, below), at + 3

    def _divergence(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        if len(nodes) < at + 2 or nodes[at + 1].text != "(":
            raise NotRead(f"KL without its two densities in {write(nodes)}")
        sides = list(_split(nodes[at + 1].inside, (self.glossary.apart,)))
        if len(sides) != 2:
            raise NotRead(f"KL of {len(sides)} densities in {write(nodes)}")
        return KL(*map(self.term, sides)), at + 2

    def _norm(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        ends = [k for k in range(at + 1, len(nodes)) if nodes[k].text == r"\Vert"]
        if not ends or write(nodes[ends[0] + 1 : ends[0] + 3]) != "^2":
            raise NotRead(f"a norm that is not squared in {write(nodes)}")
        return SquaredNorm(self.sum(nodes[at + 1 : ends[0]])), ends[0] + 3

    # Letters.

    def _letter(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        node = nodes[at]
        if at + 1 < len(nodes) and nodes[at + 1].text == r"\cdot":
            return self._times(nodes, at)
        if node.inside is not None:
            return self._called(node), at + 1
        return self._symbol(node), at + 1

    def _symbol(self, node: Node) -> Expr:
        for known in (self.glossary.vectors, self.glossary.symbols):
            if str(node) in known:
                return known[str(node)]
        if str(node) not in LETTERS:
            raise NotRead(f"{node} stands for nothing here")
        return LETTERS[str(node)]

    def _times(self, nodes: Nodes, at: int) -> tuple[Expr, int]:
        """Δθ·∇ of a density, or Δθ·c."""
        direction, after = self._symbol(nodes[at]), nodes[at + 2 : at + 4]
        if not after:
            raise NotRead(f"{write(nodes)} ends in a dot")
        if after[0].text != r"\nabla":
            return product(direction, self._symbol(after[0])), at + 3
        parameter = self.sum(after[0].below)
        return Along(self.term(after[1:]), parameter, direction), at + 4

    def _called(self, node: Node) -> Expr:
        name = node.text
        over, *given = list(_split(node.inside, ("|",)))
        if len(given) > 1:
            raise NotRead(f"{node} has two bars")
        if str(node) in self.glossary.symbols:
            return self.glossary.symbols[str(node)]
        if str(node) in self.glossary.defined:
            return self._defined(str(node))
        if name in self.glossary.logits:
            points = (self._variable(n) for n in node.inside if n.text != ",")
            return Function(name, real=True)(*points)
        if name == r"\sigma":
            return sigmoid(self.sum(node.inside))
        if name == r"\delta":
            return self._dirac(node)
        if name == "D":
            points = tuple(self.sum(part) for part in _split(node.inside, (",",)))
            return ClassProbability("D", points if len(points) > 1 else points[0])
        if name.removesuffix("^{o}") in ("G", "E"):
            return self._map(name, self.sum(node.inside))
        if name in self.glossary.chances and given and over[0].text in ("0", "1"):
            return self._chance(node, over, given[0])
        return self._density(node, over, given)

    def _defined(self, symbol: str) -> Expr:
        """What a symbol stands for by an equation, or by the cases that the text gives it."""
        place = self.glossary.defined[symbol]
        if isinstance(place, tuple):
            return LabelledJoint(LABEL, *(self.term(parse(case)) for case in place))
        for left, *others in self.article[place].clauses:
            if left == Name(symbol) and len(others) == 1:
                return others[0]
        raise NotRead(f"{place} does not define {symbol}")

    def _density(self, node: Node, over: Nodes, given: list[list[Node]]) -> Expr:
        family = self._family(node)
        of, under = (
            tuple(self._variable(n) for n in part if n.text != ",")
            for part in (over, given[0] if given else [])
        )
        density = family(*of, given=under)
        tilde = r"\tilde{p}"
        if (density.name == tilde) != (node.text == tilde):
            raise NotRead(f"{node} is not introduced; {density.name}({of[0]}) is")
        return density

    def _family(self, node: Node) -> Joint:
        if node.text not in self.glossary.families:
            raise NotRead(f"{node.text} is no density here")
        family = self.glossary.families[node.text]
        if not node.below:
            return family
        point = self.sum(node.below)
        if isinstance(family, ParametricJoint):
            return family.at(point)
        if point != self.glossary.parameters.get(node.text):
            raise NotRead(f"{node} is taken at {point}")
        return family  # the article leaves θ out from (2) on

    def _chance(self, node: Node, over: Nodes, given: Nodes) -> ClassProbability:
        points = tuple(self._variable(n) for n in given if n.text != ",")
        if len(over) > 1:
            raise NotRead(f"{node} is the chance of more than a label")
        is_one = int(over[0].text) == self.glossary.chances[node.text]
        point = points if len(points) > 1 else points[0]
        return ClassProbability("D", point, 1 if is_one else 0)

    def _map(self, name: str, argument: Basic) -> Expr:
        if name in self.glossary.images:
            return Vector(name, self.glossary.images[name], (argument,))
        return Function(name)(argument)

    def _dirac(self, node: Node) -> Expr:
        """δ(variable − image), or δ at a vector."""
        inside = self.sum(node.inside)
        if inside == 0:
            return Dirac(ZeroVector(d), ZeroVector(d))
        if isinstance(inside, MatrixExpr):
            return _dirac_of_a_vector(inside)
        if len(inside.args) != 2 or not inside.args[0].is_Symbol:
            raise NotRead(f"{node} is no density of a variable that a map determines")
        return Dirac(inside.args[0], negative(inside.args[1]))

    def _variable(self, node: Node) -> Basic:
        if node.text not in ("x", "y", "z") or node.inside is not None:
            raise NotRead(f"{node} is no variable")
        return LETTERS[node.text]


def _is_name(node: Node) -> bool:
    return node.inside is None and str(node) in ("D", "G", "E", r"\theta", ",")


def sigmoid(value: Expr) -> Expr:
    """1/(1 + exp(−value)), as it is written."""
    return ratio(sympy.S.One, total(1, sympy.exp(negative(value))))


def _minus(term: Basic) -> Expr:
    return -term if isinstance(term, MatrixExpr) else negative(term)


def _dirac_of_a_vector(inside: MatrixExpr) -> Dirac:
    if isinstance(inside, MatAdd) and isinstance(inside.args[0], Vector) and not inside.args[0].of:
        return Dirac(inside.args[0], -inside.args[1])
    return Dirac(inside, ZeroVector(d))


_OPERATORS: dict[str, Callable[[_Reader, Nodes, int], tuple[Expr, int]]] = {
    r"\int": _Reader._integral,
    r"\iint": _Reader._integral,
    r"\mathbb{E}": _Reader._mean,
    "E": _Reader._mean_under,
    r"\sum": _Reader._sum_over,
    r"\log": _Reader._log,
    r"\exp": _Reader._exp,
    r"\frac": _Reader._fraction,
    "KL": _Reader._divergence,
    r"\Vert": _Reader._norm,
}

ARTICLE = Article(printed())
