"""The best one-to-one choice among weighted pairs, for all frames at once.

Cells are seldom crowded enough to need a solver. A quick choice is made for all pairs at once and
improved by exchanging two pairs. Then prices are computed that prove it optimal. The few groups of
pairs for which no such prices are found are solved one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

#: Rounds of the quick choice, of exchanges, and of the search for prices; more find little.
MAX_QUICK, MAX_EXCHANGES, MAX_PRICES = 50, 4, 10
#: Entries of a group's dense table, above which a sparse solver takes over.
MAX_DENSE = 1_000_000
#: Share of a gain below which two choices count as equally good.
SAME = 1e-9


def best_matching(before: Ids, after: Ids, gain: Floats) -> Mask:
    """Choose pairs that share no object, so that the sum of their gains is largest.

    Parameters
    ----------
    before, after : ndarray, shape (n_pairs,), int64
        The two objects of each pair, sorted by `before`, then `after`; no pair twice.
    gain : ndarray, shape (n_pairs,), float64
        Gain of choosing the pair; a pair without a gain above 0 is never chosen.

    Returns
    -------
    ndarray, shape (n_pairs,), bool
        The chosen pairs.

    References
    ----------
    The problem is the sparse linear assignment problem with an unmatched choice of Jaqaman et
    al., "Robust single-particle tracking in live-cell time-lapse sequences", Nature Methods 5,
    2008. That prices prove a choice optimal is the duality of linear programs. Groups without
    such prices are solved by Crouse's variant of the Jonker-Volgenant algorithm, as in SciPy.
    """
    chosen = np.zeros(len(gain), bool)
    worth = np.flatnonzero(gain > 0)
    sure, left = _settle_lonely(before, after, worth)
    chosen[sure] = True
    if len(left):
        choice = _Choice.quick(before[left], after[left], gain[left])
        for _ in range(MAX_EXCHANGES):
            if not choice.exchange():
                break
        prices = choice.prices()
        if not prices.are_right():
            choice.solve(prices)
        chosen[left] = choice.chosen()
    return chosen


def _settle_lonely(before: Ids, after: Ids, pairs: Ids) -> tuple[Ids, Ids]:
    """Split pairs into those that share no object with another pair, and the rest."""
    i, j = before[pairs], after[pairs]
    if not len(pairs):
        return pairs, pairs
    alone = (np.bincount(i)[i] == 1) & (np.bincount(j)[j] == 1)
    return pairs[alone], pairs[~alone]


@dataclass(frozen=True)
class _Prices:
    """Prices of each pair minus its gain (spare), and the error of each single price."""

    spare: Floats
    wrong_i: Floats
    wrong_j: Floats

    def are_right(self) -> bool:
        """Return whether the prices prove the choice optimal."""
        wrong = self.wrong_i.any() or self.wrong_j.any() or (self.spare < 0).any()
        return not wrong


@dataclass
class _Choice:
    """Pairs of objects `i`, `j`, numbered from 0, and the chosen pair of each object, or -1."""

    i: Ids
    j: Ids
    gain: Floats
    of_i: Ids
    of_j: Ids

    @classmethod
    def quick(cls, before: Ids, after: Ids, gain: Floats) -> _Choice:
        """Choose the pairs that are best for both ends, then the same among the pairs left."""
        i, j = _compact(before), _compact(after)
        of_i, of_j = np.full(i.max() + 1, -1), np.full(j.max() + 1, -1)
        left = np.arange(len(gain))
        for _ in range(MAX_QUICK):
            if not len(left):
                break
            best_i = _largest(i[left], gain[left], left, len(of_i))
            best_j = _largest(j[left], gain[left], left, len(of_j))
            both = left[(best_i[i[left]] == left) & (best_j[j[left]] == left)]
            of_i[i[both]] = both
            of_j[j[both]] = both
            left = left[(of_i[i[left]] < 0) & (of_j[j[left]] < 0)]
        return cls(i, j, gain, of_i, of_j)

    def chosen(self) -> Mask:
        """Return which pairs are chosen."""
        chosen = np.zeros(len(self.gain), bool)
        chosen[self.of_i[self.of_i >= 0]] = True
        return chosen

    def exchange(self) -> bool:
        """Replace chosen pairs by others at the same objects where that gains; return if any."""
        lost_i = _at(self.gain, self.of_i)
        lost_j = _at(self.gain, self.of_j)
        # The two objects that lose their partners can at best gain as much as the best pair.
        room = self.gain + self.gain.max() - lost_i[self.i] - lost_j[self.j]
        pairs = np.flatnonzero(room > SAME * self.gain)
        pairs = pairs[self.of_i[self.i[pairs]] != pairs]
        i, j = self.i[pairs], self.j[pairs]
        old_i, old_j = self.of_i[i], self.of_j[j]
        made = self._pair_between(_at(self.i, old_j, -1), _at(self.j, old_i, -1))
        better = self.gain[pairs] + _at(self.gain, made) - lost_i[i] - lost_j[j]
        gains = np.flatnonzero(better > SAME * self.gain[pairs])
        if not len(gains):
            return False
        gains = gains[np.argsort(-better[gains], kind="stable")]
        pairs, old_i, old_j, made = pairs[gains], old_i[gains], old_j[gains], made[gains]
        first = self._apart(pairs, old_i, old_j)
        self._apply(pairs[first], old_i[first], old_j[first], made[first])
        return True

    def _apart(self, pairs: Ids, old_i: Ids, old_j: Ids) -> Mask:
        """Return which exchanges are better than all others that share an object with them."""
        rank = np.arange(len(pairs))
        ends_i = np.stack([self.i[pairs], _at(self.i, old_j, -1)])
        ends_j = np.stack([self.j[pairs], _at(self.j, old_i, -1)])
        first = np.ones(len(pairs), bool)
        for ends, n in ((ends_i, len(self.of_i)), (ends_j, len(self.of_j))):
            earliest = np.full(n + 1, len(pairs))
            for end in ends:
                np.minimum.at(earliest, end, rank)
            earliest[-1] = len(pairs)
            for end in ends:
                first &= earliest[end] >= rank
        return first

    def _apply(self, pairs: Ids, old_i: Ids, old_j: Ids, made: Ids) -> None:
        for old in (old_i[old_i >= 0], old_j[old_j >= 0]):
            self.of_i[self.i[old]] = -1
            self.of_j[self.j[old]] = -1
        for new in (pairs, made[made >= 0]):
            self.of_i[self.i[new]] = new
            self.of_j[self.j[new]] = new

    def _pair_between(self, i: Ids, j: Ids) -> Ids:
        """Return the pair of each i and j, or -1 where there is none."""
        n_j = len(self.of_j)
        key = self.i * n_j + self.j
        wanted = i * n_j + j
        wanted[(i < 0) | (j < 0)] = -1
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return np.where(key[place] == wanted, place, -1)

    def prices(self) -> _Prices:
        """Search for prices that prove the choice optimal.

        Each object has a price, which is 0 without a partner; the prices of a chosen pair add up
        to its gain. If no price is below 0 and no other pair gains more than its two prices, no
        other choice is better.
        """
        mine = self.of_i >= 0
        price_i, price_j = np.zeros(len(self.of_i)), np.zeros(len(self.of_j))
        price_i[mine] = self.gain[self.of_i[mine]]
        slack = SAME * float(self.gain.max())
        active = np.arange(len(self.i))
        for _ in range(MAX_PRICES):
            i, j = self.i[active], self.j[active]
            want = self.gain[active] - price_i[i]
            over = want > price_j[j] + slack
            if not over.any():
                break
            raised = j[over]
            np.maximum.at(price_j, raised, want[over])
            sold = self.of_j[raised]
            sold = sold[sold >= 0]
            price_i[self.i[sold]] = self.gain[sold] - price_j[self.j[sold]]
            # Only pairs of an object whose price fell can now gain more than their prices.
            fell = np.zeros(len(price_i), bool)
            fell[self.i[sold]] = True
            active = np.flatnonzero(fell[self.i])
        spare = price_i[self.i] + price_j[self.j] - self.gain
        wrong_i = np.where(price_i < -slack, -price_i, 0)
        wrong_j = np.where(self.of_j < 0, price_j, 0)
        return _Prices(np.where(np.abs(spare) > slack, spare, 0), wrong_i, wrong_j)

    def solve(self, prices: _Prices) -> None:
        """Solve the groups that the prices do not prove optimal.

        Another choice can gain at most the sum of the errors of the prices in its group. A pair
        that has more to spare is in no better choice. Without such pairs, groups are smaller.
        """
        n_i, n_nodes = len(self.of_i), len(self.of_i) + len(self.of_j)
        group = self._groups(np.arange(len(self.i)))
        wrong = np.bincount(group, np.concatenate([prices.wrong_i, prices.wrong_j]), n_nodes)
        wrong += np.bincount(group[self.i], np.maximum(-prices.spare, 0), n_nodes)
        kept = np.flatnonzero(prices.spare <= wrong[group[self.i]] * (1 + SAME))
        group = self._groups(kept)
        is_wrong = np.zeros(n_nodes, bool)
        is_wrong[group[self.i[kept[prices.spare[kept] < 0]]]] = True
        is_wrong[group[:n_i][prices.wrong_i > 0]] = True
        is_wrong[group[n_i:][prices.wrong_j > 0]] = True
        of_pair = group[self.i[kept]]
        doubtful = np.flatnonzero(is_wrong[of_pair])
        doubtful = doubtful[np.argsort(of_pair[doubtful], kind="stable")]
        if len(doubtful):
            self._solve_groups(kept[doubtful], of_pair[doubtful])

    def _groups(self, pairs: Ids) -> Ids:
        """Return for each i, then each j, the group of objects that pairs connect."""
        n_i = len(self.of_i)
        n_nodes = n_i + len(self.of_j)
        ends = self.i[pairs], self.j[pairs] + n_i
        graph = sparse.coo_array((np.ones(len(pairs), np.int8), ends), shape=(n_nodes, n_nodes))
        group: Ids = connected_components(graph, directed=False)[1].astype(np.int64)
        return group

    def _solve_groups(self, pairs: Ids, group: Ids) -> None:
        """Choose again among pairs that are sorted by group."""
        self.of_i[self.i[pairs]] = -1
        self.of_j[self.j[pairs]] = -1
        ends = np.flatnonzero(np.diff(group)) + 1
        bounds = [0, *ends.tolist(), len(pairs)]
        i, j, gain = self.i[pairs], self.j[pairs], self.gain[pairs]
        best = np.concatenate(
            [
                start + _solve(i[start:stop], j[start:stop], gain[start:stop])
                for start, stop in pairwise(bounds)
            ]
        )
        self._apply(pairs[best], *[np.zeros(0, np.int64)] * 3)


def _largest(end: Ids, gain: Floats, pair: Ids, n: int) -> Ids:
    """Return the pair of largest gain of each of n objects, or -1; the first of equal ones."""
    top = np.zeros(n)
    np.maximum.at(top, end, gain)
    is_top = np.flatnonzero(gain == top[end])[::-1]
    best = np.full(n, -1)
    best[end[is_top]] = pair[is_top]
    return best


def _solve(i: Ids, j: Ids, gain: Floats) -> Ids:
    """Return indices of the best pairs of one group, sorted by i."""
    i = np.cumsum(np.diff(i, prepend=i[0]) > 0)
    columns, j = np.unique(j, return_inverse=True)
    n_i, n_j = int(i[-1]) + 1, len(columns)
    if n_i * n_j > MAX_DENSE:
        return _solve_sparse(i, j, gain, n_i, n_j)
    table = np.zeros((n_i, n_j))
    table[i, j] = gain
    partner = np.full(n_i, -1)
    rows, partners = linear_sum_assignment(table, maximize=True)
    partner[rows] = partners
    return np.flatnonzero(partner[i] == j)


def _solve_sparse(i: Ids, j: Ids, gain: Floats, n_i: int, n_j: int) -> Ids:
    """Solve a group too large for a dense table; each row may stay single by an extra column."""
    top = float(gain.max()) * 2
    rows = np.concatenate([i, np.arange(n_i)])
    columns = np.concatenate([j, n_j + np.arange(n_i)])
    weight = np.concatenate([top - gain, np.full(n_i, top)])
    table = sparse.csr_array((weight, (rows, columns)), shape=(n_i, n_j + n_i))
    partner = np.full(n_i, -1)
    matched = min_weight_full_bipartite_matching(table)
    partner[matched[0]] = matched[1]
    return np.flatnonzero(partner[i] == j)


def _at(values: npt.NDArray[Scalar], index: Ids, missing: float = 0) -> npt.NDArray[Scalar]:
    """Return ``values[index]``, and `missing` where the index is -1."""
    found = values[index]
    found[index < 0] = missing
    return found


def _compact(values: Ids) -> Ids:
    """Replace n different numbers by 0..n-1, in the same order."""
    number = np.zeros(int(values.max()) + 1, np.int64)
    number[values] = 1
    return (np.cumsum(number) - 1)[values]
