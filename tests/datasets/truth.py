"""Solves small puzzles by trying every case; reasoning.tsv says which. Where an answer is not the only one, it fails."""
import itertools
import math  # noqa: F401: expressions use it


def same(values):
    """The only element of a set."""
    (value,) = values
    return value


def only(found, choices):
    """The index of the only case found, among the choices."""
    return choices.index(same(set(found)))


def parse(statement):
    quantifier, subject, predicate = statement.split()
    return quantifier, subject, predicate


def holds(world, statement):
    """A world is a list of things, each the set of what it is."""
    quantifier, subject, predicate = parse(statement)
    of_subject = [predicate in thing for thing in world if subject in thing]
    return {"all": all, "some": any, "no": lambda l: not any(l), "somenot": lambda l: not all(l)}[quantifier](of_subject)


def syllogism(premises, conclusions):
    """The index of the only conclusion that holds in every world where the premises do; behind the last: none does.

    With three classes there are eight kinds of things, and only which of them exist matters. No class is empty.
    """
    premises = premises.split("; ")
    conclusions = conclusions.split("; ")
    classes = sorted({word for statement in premises for word in parse(statement)[1:]})
    kinds = [set(kind) for n in range(len(classes) + 1) for kind in itertools.combinations(classes, n)]
    worlds = [world for n in range(len(kinds) + 1) for world in itertools.combinations(kinds, n)
              if all(any(name in thing for thing in world) for name in classes)
              and all(holds(world, premise) for premise in premises)]
    if not worlds:
        raise ValueError(f"no world fits {premises}")
    follow = [i for i, conclusion in enumerate(conclusions) if all(holds(world, conclusion) for world in worlds)]
    return same(set(follow)) if follow else len(conclusions)


def orders(names, rule):
    for order in itertools.permutations(names):
        if rule(order.index):
            yield order


def ordering(names, rule, place):
    """The index in `names` of who stands at `place` in every order that the rule allows."""
    return names.index(same({order[place] for order in orders(names, rule)}))


def position(names, rule, who):
    """The place that `who` has in every order that the rule allows."""
    return same({order.index(who) for order in orders(names, rule)})


def culprit(names, sentences, n_true):
    """The index of the only name for which exactly n_true of the sentences are true."""
    return names.index(same({name for name in names if sum(sentences(name)) == n_true}))


def knights(n, sentences, choices):
    """The index of the only case in which knights say what is true, and knaves, 0, what is not."""
    return only([kinds for kinds in itertools.product((0, 1), repeat=n)
                 if all(bool(kind) == said for kind, said in zip(kinds, sentences(kinds)))], choices)


def entails(premise, conclusions):
    """The index of the only conclusion that is true whenever the premise is; behind the last: none is."""
    n = premise.__code__.co_argcount
    cases = [case for case in itertools.product((False, True), repeat=n) if premise(*case)]
    if not cases:
        raise ValueError("the premise contradicts itself")
    follow = [i for i, conclusion in enumerate(conclusions) if all(conclusion(*case) for case in cases)]
    return same(set(follow)) if follow else len(conclusions)


def follows(shown, rule):
    """The next number of a sequence whose rule gives what is shown."""
    if [rule(i) for i in range(len(shown))] != shown:
        raise ValueError(f"the rule does not give {shown}")
    return rule(len(shown))


def weekday(days_after_monday, choices):
    names = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    return choices.split().index(names[days_after_monday % 7])


def compass(steps, choices):
    """The index of the direction from the start to the end; the end must lie exactly there."""
    x = sum(int(step[1:]) * {"E": 1, "W": -1}.get(step[0], 0) for step in steps)
    y = sum(int(step[1:]) * {"N": 1, "S": -1}.get(step[0], 0) for step in steps)
    directions = {(0, 1): "N", (0, -1): "S", (1, 0): "E", (-1, 0): "W"}
    return choices.index(directions[((x > 0) - (x < 0), (y > 0) - (y < 0))])


def fewest(start, is_end, steps):
    """The least cost from the start to an end; steps(state) gives (cost, next state)."""
    best = {start: 0}
    done = set()
    while True:
        state = min((s for s in best if s not in done), key=lambda s: best[s])
        if is_end(state):
            return best[state]
        done.add(state)
        for cost, after in steps(state):
            best[after] = min(best.get(after, math.inf), best[state] + cost)


def bridge(minutes):
    def steps(state):
        here, lamp_here = state
        people = sorted(here if lamp_here else set(minutes) - here)
        for n in (1, 2):
            for group in itertools.combinations(people, n):
                yield max(group), (here - set(group) if lamp_here else here | set(group), not lamp_here)
    return fewest((frozenset(minutes), True), lambda state: not state[0], steps)


def jugs(small, large, wanted):
    def steps(state):
        a, b = state
        to_b, to_a = min(a, large - b), min(b, small - a)
        for after in ((small, b), (a, large), (0, b), (a, 0), (a - to_b, b + to_b), (a + to_a, b - to_a)):
            yield 1, after
    return fewest((0, 0), lambda state: wanted in state, steps)
