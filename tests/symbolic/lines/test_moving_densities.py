"""The rules for derivatives of densities in their parameter: what each leads to, and what not."""

from dataclasses import replace

import pytest
import sympy
from sympy import Add, Function, S, log, symbols

from onekl.symbolic.algebra import Joint, SumOrIntegral
from onekl.symbolic.lines import calculus  # noqa: F401  registers the rules that are tried
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, RULES, TENDS, Line
from onekl.symbolic.lines.moving_densities import CHAIN_RULE, STAYS_1, UNDER_THE_INTEGRAL
from onekl.symbolic.lines.rules import REWRITES
from onekl.symbolic.lines.written import negative, product, ratio, total
from onekl.symbolic.parametric.densities import Along, ParametricJoint, VectorSymbol

OWN = CHAIN_RULE, UNDER_THE_INTEGRAL, STAYS_1
x, z = symbols("x z", real=True)
phi, v = VectorSymbol("phi"), VectorSymbol("v")
FAMILY, Q = ParametricJoint("p", (x, z), phi), Joint("q", (x, z))
p, prior = FAMILY(z, given=x), Q(z)
g = Function("g", real=True)(z)


def along(expression):
    return Along(expression, phi, v)


def over(integrand, *variables):
    return SumOrIntegral(integrand, variables or (z,))


def leads(rule, before, after):
    return rule.leads(before, Line(sympy.sympify(after), rule.name))


@pytest.mark.parametrize("rule", OWN)
def test_a_rules_example_leads_and_a_changed_one_does_not(rule):
    before, line = rule.example
    assert rule.premise and rule.leads(before, line)
    for changed in (product(2, line.expression), Add(line.expression, 1, evaluate=False)):
        assert not rule.leads(before, replace(line, expression=changed))
    for sign in (AT_LEAST, TENDS):
        assert not rule.leads(before, replace(line, sign=sign, symbol=x, point=S.Zero))
    assert not leads(rule, before, before)


@pytest.mark.parametrize("rule", OWN)
def test_no_other_rule_leads_to_a_rules_example(rule):
    before, line = rule.example
    for name in ("arithmetic", "derivative", *REWRITES):
        assert not RULES[name].leads(before, line)
    assert [other for other in OWN if other.leads(before, line)] == [rule]


slope = along(log(ratio(p, prior), evaluate=False))
TRUE = [
    (CHAIN_RULE, over(product(p, slope)), over(along(p))),
    (CHAIN_RULE, along(product(g, p)), product(g, along(p))),
    (CHAIN_RULE, along(prior), S.Zero),
    (CHAIN_RULE, along(p**2), 2 * p * along(p)),
    (UNDER_THE_INTEGRAL, along(over(product(g, p))), over(along(product(g, p)))),
    (UNDER_THE_INTEGRAL, product(Q(x), along(over(p))), product(Q(x), over(along(p)))),
    (STAYS_1, total(g, negative(along(over(p)))), g),
    (STAYS_1, along(over(FAMILY(x, z), x, z)), S.Zero),
]  # fmt: skip
FALSE = [
    (CHAIN_RULE, over(product(prior, slope)), over(along(p))),  # another weight
    (CHAIN_RULE, over(slope), over(along(p))),  # no weight
    (CHAIN_RULE, over(product(p, slope)), S.Zero),  # two steps at once
    (CHAIN_RULE, along(product(g, p)), along(p)),  # a factor lost
    (CHAIN_RULE, along(log(p)), along(p)),  # the denominator lost
    (CHAIN_RULE, along(over(p)), over(along(p))),  # that is another rule
    (UNDER_THE_INTEGRAL, along(over(product(g, p))), over(product(g, along(p)))),  # two steps
    (UNDER_THE_INTEGRAL, along(over(p)), S.Zero),
    (UNDER_THE_INTEGRAL, along(over(p)), over(p)),
    (STAYS_1, over(along(p)), S.Zero),  # not yet of the integral
    (STAYS_1, along(over(product(g, p))), S.Zero),  # a mean, which does move
    (STAYS_1, along(over(FAMILY(x, z))), S.Zero),  # the marginal of x moves
    (STAYS_1, along(over(p**2)), S.Zero),
    (STAYS_1, along(over(p, x)), S.Zero),  # no density in x
]


@pytest.mark.parametrize("rule, before, after", TRUE)
def test_what_a_rule_leads_to(rule, before, after):
    assert leads(rule, before, after)


@pytest.mark.parametrize("rule, before, after", FALSE)
def test_what_a_rule_refuses(rule, before, after):
    assert not leads(rule, before, after)


def test_a_line_of_these_rules_is_an_equation():
    assert all(rule.example[1].sign == EQUAL for rule in OWN)
