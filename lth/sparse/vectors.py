"""The two inner loops that sparse training consists of, as vectors of 16 floats in LLVM's own language.

Activations have the batch as their innermost, contiguous dimension, so that one kept weight is one multiplication of a
few vectors, wherever in its layer it stands. LLVM turns a vector of 16 into whatever the processor has (one register
with AVX-512, two with AVX, four with NEON), but keeps the order of every sum, and the multiplications and additions
are fused explicitly: the same bits on each of them. Loops that numba vectorises by itself promise neither this nor
that sums stay in registers.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Floats of a vector."""
RELU, MASK, ADD = 1, 2, 4
"""What `gather` does with a sum besides storing it: set it to zero where it, or where another tensor is not positive;
add what is there."""

_FLOAT, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FOUR = ir.VectorType(_FLOAT, 4)
_ZERO = ir.Constant(_VECTOR, [0.0] * LANES)

Builder = Any
Value = Any


def _data(context: Any, builder: Builder, array_type: Any, array: Value) -> Value:
    """Where an array's numbers are."""
    return cgutils.create_struct_proxy(array_type)(context, builder, value=array).data  # type: ignore[no-untyped-call]


def _load(builder: Builder, pointer: Value, number: int) -> Value:
    """The vector of a number, from a pointer to a float."""
    place = builder.gep(pointer, [ir.Constant(_I64, LANES * number)])
    return builder.load(builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _store(builder: Builder, value: Value, pointer: Value, number: int) -> None:
    place = builder.gep(pointer, [ir.Constant(_I64, LANES * number)])
    builder.store(value, builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _splat(builder: Builder, scalar: Value) -> Value:
    """A scalar in all lanes."""
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), scalar, ir.Constant(_I32, 0))
    lanes = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), lanes)


def _fma(builder: Builder, first: Value, second: Value, plus: Value) -> Value:
    """first * second + plus, rounded once."""
    name = f"llvm.fma.v{LANES}f32"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), name)
    return builder.call(function, [first, second, plus])


def _shuffled(builder: Builder, first: Value, second: Value, lanes: Sequence[int]) -> Value:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_I32, len(lanes)), list(lanes)))


def _sums(builder: Builder, vectors: Sequence[Value]) -> Value:
    """The sums of four vectors' lanes, as a vector of four."""
    groups = range(0, LANES, 4)
    low = [lane for g in groups for lane in (g, LANES + g, g + 1, LANES + g + 1)]
    high = [lane + 2 for lane in low]
    left, right = (
        builder.fadd(_shuffled(builder, a, b, low), _shuffled(builder, a, b, high))
        for a, b in (vectors[:2], vectors[2:])
    )
    low = [lane for g in groups for lane in (g, g + 1, LANES + g, LANES + g + 1)]
    high = [lane + 2 for lane in low]
    four = builder.fadd(_shuffled(builder, left, right, low), _shuffled(builder, left, right, high))
    for half in (LANES // 2, LANES // 4):
        parts = [_shuffled(builder, four, four, range(begin, begin + half)) for begin in (0, half)]
        four = builder.fadd(*parts)
    return four


def _loop(
    builder: Builder,
    start: Value,
    stop: Value,
    step: int,
    carried: Sequence[Value],
    body: Callable[[Value, list[Value]], list[Value]],
) -> list[Value]:
    """`for k in range(start, stop, step): carried = body(k, carried)`, with what is carried in registers."""
    before = builder.block
    head, inside, after = (builder.append_basic_block(name) for name in ("head", "inside", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(_I64)
    k.add_incoming(start, before)
    held = []
    for value in carried:
        phi = builder.phi(value.type)
        phi.add_incoming(value, before)
        held.append(phi)
    builder.cbranch(builder.icmp_signed("<", k, stop), inside, after)
    builder.position_at_end(inside)
    for phi, value in zip(held, body(k, held), strict=True):
        phi.add_incoming(value, builder.block)
    k.add_incoming(builder.add(k, ir.Constant(_I64, step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return held


def _place(builder: Builder, columns: Value, x: Value, k: Value) -> Value:
    """Where the input of a kept weight begins."""
    column = builder.zext(builder.load(builder.gep(columns, [k])), _I64)
    return builder.gep(x, [column])


def _make_gather(places: int, vectors: int) -> Any:
    @intrinsic
    def gather(
        _typing: Any,
        values: Any,
        columns: Any,
        start: Any,
        stop: Any,
        x: Any,
        x_at: Any,
        x_next: Any,
        y: Any,
        y_at: Any,
        y_next: Any,
        bias: Any,
        mode: Any,
        mask: Any,
    ) -> Any:
        """y[y_at:] = bias + the sum over start <= k < stop of values[k] * x[x_at + columns[k]:], then as `mode` says.

        For some places at once, each x_next and y_next further than the one before. Arrays are float32 [n], columns
        uint32 [n] in floats, the rest int64; `mask` is read where y is written.
        """
        signature = types.void(values, columns, start, stop, x, x_at, x_next, y, y_at, y_next, bias, mode, mask)

        def generate(context: Any, builder: Builder, signature: Any, args: Sequence[Value]) -> Value:
            kinds = signature.args
            v, c = _data(context, builder, kinds[0], args[0]), _data(context, builder, kinds[1], args[1])
            source = builder.gep(_data(context, builder, kinds[4], args[4]), [args[5]])
            target = builder.gep(_data(context, builder, kinds[7], args[7]), [args[8]])
            masked = builder.gep(_data(context, builder, kinds[12], args[12]), [args[8]])
            mode = args[11]

            def add(k: Value, sums: list[Value]) -> list[Value]:
                value = _splat(builder, builder.load(builder.gep(v, [k])))
                place, added = _place(builder, c, source, k), []
                for number in range(places):
                    if number:
                        place = builder.gep(place, [args[6]])
                    for n in range(vectors):
                        added.append(_fma(builder, value, _load(builder, place, n), sums[number * vectors + n]))
                return added

            found = _loop(builder, args[2], args[3], 1, [_splat(builder, args[10])] * (places * vectors), add)
            relu, other, more = (
                builder.icmp_signed("!=", builder.and_(mode, ir.Constant(_I64, flag)), ir.Constant(_I64, 0))
                for flag in (RELU, MASK, ADD)
            )
            simple = builder.icmp_signed("==", mode, ir.Constant(_I64, 0))
            for number in range(places):
                if number:
                    target, masked = (builder.gep(pointer, [args[9]]) for pointer in (target, masked))
                with builder.if_else(simple) as (plain, special):
                    with plain:
                        for n in range(vectors):
                            _store(builder, found[number * vectors + n], target, n)
                    with special:
                        for n in range(vectors):
                            value = found[number * vectors + n]
                            value = builder.select(more, builder.fadd(value, _load(builder, target, n)), value)
                            decides = builder.select(other, _load(builder, masked, n), value)
                            positive = builder.select(builder.fcmp_ordered(">", decides, _ZERO), value, _ZERO)
                            _store(builder, builder.select(builder.or_(relu, other), positive, value), target, n)
            return context.get_dummy_value()

        return signature, generate

    return gather


def _make_dots(places: int, vectors: int) -> Any:
    @intrinsic
    def dots(
        _typing: Any,
        gradient: Any,
        columns: Any,
        start: Any,
        stop: Any,
        x: Any,
        x_at: Any,
        x_next: Any,
        dy: Any,
        dy_at: Any,
        dy_next: Any,
        add: Any,
    ) -> Any:
        """gradient[k] = the sum over all lanes and places of dy[dy_at:] * x[x_at + columns[k]:], for start <= k < stop.

        Added to what is there if `add`. Four weights at a time, as their sums over lanes cost little more than one's.
        """
        signature = types.void(gradient, columns, start, stop, x, x_at, x_next, dy, dy_at, dy_next, add)

        def generate(context: Any, builder: Builder, signature: Any, args: Sequence[Value]) -> Value:
            kinds = signature.args
            g, c = _data(context, builder, kinds[0], args[0]), _data(context, builder, kinds[1], args[1])
            source = builder.gep(_data(context, builder, kinds[4], args[4]), [args[5]])
            outer = builder.gep(_data(context, builder, kinds[7], args[7]), [args[8]])
            start, stop, add = args[2], args[3], args[10]
            held = []
            for number in range(places):
                if number:
                    outer = builder.gep(outer, [args[9]])
                held += [_load(builder, outer, n) for n in range(vectors)]

            def product(k: Value) -> Value:
                place, sums = _place(builder, c, source, k), None
                for number in range(places):
                    if number:
                        place = builder.gep(place, [args[6]])
                    for n in range(vectors):
                        factors = held[number * vectors + n], _load(builder, place, n)
                        sums = _fma(builder, *factors, sums) if sums is not None else builder.fmul(*factors)
                return sums

            def four(k: Value, carried: list[Value]) -> list[Value]:
                sums = _sums(builder, [product(builder.add(k, ir.Constant(_I64, n))) for n in range(4)])
                place = builder.bitcast(builder.gep(g, [k]), _FOUR.as_pointer())
                before = builder.load(place, align=4)
                builder.store(builder.select(add, builder.fadd(sums, before), sums), place, align=4)
                return carried

            def one(k: Value, carried: list[Value]) -> list[Value]:
                sums = _sums(builder, [product(k), _ZERO, _ZERO, _ZERO])
                total, place = builder.extract_element(sums, ir.Constant(_I32, 0)), builder.gep(g, [k])
                builder.store(builder.select(add, builder.fadd(total, builder.load(place)), total), place)
                return carried

            rest = builder.srem(builder.sub(stop, start), ir.Constant(_I64, 4))
            even = builder.sub(stop, rest)
            _loop(builder, start, even, 4, [], four)
            _loop(builder, even, stop, 1, [], one)
            return context.get_dummy_value()

        return signature, generate

    return dots


gather_narrow, gather_narrow_four = _make_gather(1, 1), _make_gather(4, 1)
gather_wide, gather_wide_four = _make_gather(1, 4), _make_gather(4, 4)
dots_narrow, dots_narrow_four = _make_dots(1, 1), _make_dots(4, 1)
dots_wide, dots_wide_four = _make_dots(1, 4), _make_dots(4, 4)
"""For chunks of 16 or 64 images, and one place or four."""


@intrinsic
def total(_typing: Any, x: Any, at: Any, floats: Any) -> Any:
    """The sum of x[at:at + floats], floats being a multiple of 16."""
    signature = types.float32(x, at, floats)

    def generate(context: Any, builder: Builder, signature: Any, args: Sequence[Value]) -> Value:
        source = builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]])

        def add(k: Value, sums: list[Value]) -> list[Value]:
            return [builder.fadd(sums[0], _load(builder, builder.gep(source, [k]), 0))]

        (found,) = _loop(builder, ir.Constant(_I64, 0), args[2], LANES, [_ZERO], add)
        return builder.extract_element(_sums(builder, [found, _ZERO, _ZERO, _ZERO]), ir.Constant(_I32, 0))

    return signature, generate


@intrinsic
def spread(
    _typing: Any,
    pixels: Any,
    size: Any,
    rows: Any,
    first: Any,
    pixel: Any,
    mean: Any,
    scale: Any,
    y: Any,
    at: Any,
    width: Any,
) -> Any:
    """Sixteen pixels of sixteen images, from bytes to y[at:], a lane an image and `width` floats from pixel to pixel.

    Each becomes (byte - mean) * scale. `pixels` is uint8 [images * size]; `rows` int64, the images from `first` on.
    """
    signature = types.void(pixels, size, rows, first, pixel, mean, scale, y, at, width)
    bytes_ = ir.VectorType(ir.IntType(8), LANES)

    def generate(context: Any, builder: Builder, signature: Any, args: Sequence[Value]) -> Value:
        kinds = signature.args
        source = builder.gep(_data(context, builder, kinds[0], args[0]), [args[4]])
        rows = builder.gep(_data(context, builder, kinds[2], args[2]), [args[3]])
        target = builder.gep(_data(context, builder, kinds[7], args[7]), [args[8]])
        found = []
        for n in range(LANES):
            row = builder.load(builder.gep(rows, [ir.Constant(_I64, n)]))
            place = builder.gep(source, [builder.mul(row, args[1])])
            found.append(builder.load(builder.bitcast(place, bytes_.as_pointer()), align=1))
        for half in (8, 4, 2, 1):  # a transposition: in each step pairs of vectors exchange halves of their blocks
            blocks = [lane for lane in range(LANES) if not lane & half]
            low = [lane if not lane & half else LANES + lane - half for lane in range(LANES)]
            high = [lane + half if not lane & half else LANES + lane for lane in range(LANES)]
            for n in blocks:
                pair = found[n], found[n + half]
                found[n], found[n + half] = (
                    builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(_I32, LANES), lanes))
                    for lanes in (low, high)
                )
        mean, scale = _splat(builder, args[5]), _splat(builder, args[6])
        for value in found:
            number = builder.uitofp(builder.zext(value, ir.VectorType(_I32, LANES)), _VECTOR)
            _store(builder, builder.fmul(builder.fsub(number, mean), scale), target, 0)
            target = builder.gep(target, [args[9]])
        return context.get_dummy_value()

    return signature, generate
