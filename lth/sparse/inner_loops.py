"""The two inner loops that sparse training consists of, and two small ones.

Activations have the batch as their innermost, contiguous dimension, so that one kept weight is one multiplication of a
few vectors, wherever in its layer it stands.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lth.sparse.vectors import (
    FOUR,
    I32,
    I64,
    LANES,
    VECTOR,
    ZEROS,
    Builder,
    Value,
    data_of,
    fused,
    in_all_lanes,
    input_place,
    lane_sums,
    load_vector,
    loop_over,
    store_vector,
)

RELU, MASK, ADD = 1, 2, 4
"""What `gather` does with a sum besides storing it: set it to zero where it, or where another tensor is not positive;
add what is there."""


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
            v, c = data_of(context, builder, kinds[0], args[0]), data_of(context, builder, kinds[1], args[1])
            source = builder.gep(data_of(context, builder, kinds[4], args[4]), [args[5]])
            target = builder.gep(data_of(context, builder, kinds[7], args[7]), [args[8]])
            masked = builder.gep(data_of(context, builder, kinds[12], args[12]), [args[8]])
            mode = args[11]

            def add(k: Value, sums: list[Value]) -> list[Value]:
                value = in_all_lanes(builder, builder.load(builder.gep(v, [k])))
                place, added = input_place(builder, c, source, k), []
                for number in range(places):
                    if number:
                        place = builder.gep(place, [args[6]])
                    for n in range(vectors):
                        added.append(fused(builder, value, load_vector(builder, place, n), sums[number * vectors + n]))
                return added

            found = loop_over(builder, args[2], args[3], 1, [in_all_lanes(builder, args[10])] * (places * vectors), add)
            relu, other, more = (
                builder.icmp_signed("!=", builder.and_(mode, ir.Constant(I64, flag)), ir.Constant(I64, 0))
                for flag in (RELU, MASK, ADD)
            )
            simple = builder.icmp_signed("==", mode, ir.Constant(I64, 0))
            for number in range(places):
                if number:
                    target, masked = (builder.gep(pointer, [args[9]]) for pointer in (target, masked))
                with builder.if_else(simple) as (plain, special):
                    with plain:
                        for n in range(vectors):
                            store_vector(builder, found[number * vectors + n], target, n)
                    with special:
                        for n in range(vectors):
                            value = found[number * vectors + n]
                            value = builder.select(more, builder.fadd(value, load_vector(builder, target, n)), value)
                            decides = builder.select(other, load_vector(builder, masked, n), value)
                            positive = builder.select(builder.fcmp_ordered("<=", decides, ZEROS), ZEROS, value)
                            store_vector(builder, builder.select(builder.or_(relu, other), positive, value), target, n)
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
            g, c = data_of(context, builder, kinds[0], args[0]), data_of(context, builder, kinds[1], args[1])
            source = builder.gep(data_of(context, builder, kinds[4], args[4]), [args[5]])
            outer = builder.gep(data_of(context, builder, kinds[7], args[7]), [args[8]])
            start, stop, add = args[2], args[3], args[10]
            held = []
            for number in range(places):
                if number:
                    outer = builder.gep(outer, [args[9]])
                held += [load_vector(builder, outer, n) for n in range(vectors)]

            def product(k: Value) -> Value:
                place, sums = input_place(builder, c, source, k), None
                for number in range(places):
                    if number:
                        place = builder.gep(place, [args[6]])
                    for n in range(vectors):
                        factors = held[number * vectors + n], load_vector(builder, place, n)
                        sums = fused(builder, *factors, sums) if sums is not None else builder.fmul(*factors)
                return sums

            def four(k: Value, carried: list[Value]) -> list[Value]:
                sums = lane_sums(builder, [product(builder.add(k, ir.Constant(I64, n))) for n in range(4)])
                place = builder.bitcast(builder.gep(g, [k]), FOUR.as_pointer())
                before = builder.load(place, align=4)
                builder.store(builder.select(add, builder.fadd(sums, before), sums), place, align=4)
                return carried

            def one(k: Value, carried: list[Value]) -> list[Value]:
                sums = lane_sums(builder, [product(k), ZEROS, ZEROS, ZEROS])
                total, place = builder.extract_element(sums, ir.Constant(I32, 0)), builder.gep(g, [k])
                builder.store(builder.select(add, builder.fadd(total, builder.load(place)), total), place)
                return carried

            rest = builder.srem(builder.sub(stop, start), ir.Constant(I64, 4))
            even = builder.sub(stop, rest)
            loop_over(builder, start, even, 4, [], four)
            loop_over(builder, even, stop, 1, [], one)
            return context.get_dummy_value()

        return signature, generate

    return dots


gather_narrow, gather_narrow_four = _make_gather(1, 1), _make_gather(4, 1)
gather_wide, gather_wide_four = _make_gather(1, 4), _make_gather(4, 4)
dots_narrow, dots_narrow_four = _make_dots(1, 1), _make_dots(4, 1)
dots_wide, dots_wide_four = _make_dots(1, 4), _make_dots(4, 4)
"""For chunks of 16 or 64 images, and one place or four."""


@intrinsic
def sum_of(_typing: Any, x: Any, at: Any, floats: Any) -> Any:
    """The sum of x[at:at + floats], floats being a multiple of 16."""
    signature = types.float32(x, at, floats)

    def generate(context: Any, builder: Builder, signature: Any, args: Sequence[Value]) -> Value:
        source = builder.gep(data_of(context, builder, signature.args[0], args[0]), [args[1]])

        def add(k: Value, sums: list[Value]) -> list[Value]:
            return [builder.fadd(sums[0], load_vector(builder, builder.gep(source, [k]), 0))]

        (found,) = loop_over(builder, ir.Constant(I64, 0), args[2], LANES, [ZEROS], add)
        return builder.extract_element(lane_sums(builder, [found, ZEROS, ZEROS, ZEROS]), ir.Constant(I32, 0))

    return signature, generate


@intrinsic
def pixels_to_lanes(
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
        source = builder.gep(data_of(context, builder, kinds[0], args[0]), [args[4]])
        rows = builder.gep(data_of(context, builder, kinds[2], args[2]), [args[3]])
        target = builder.gep(data_of(context, builder, kinds[7], args[7]), [args[8]])
        found = []
        for n in range(LANES):
            row = builder.load(builder.gep(rows, [ir.Constant(I64, n)]))
            place = builder.gep(source, [builder.mul(row, args[1])])
            found.append(builder.load(builder.bitcast(place, bytes_.as_pointer()), align=1))
        for half in (8, 4, 2, 1):  # a transposition: in each step pairs of vectors exchange halves of their blocks
            blocks = [lane for lane in range(LANES) if not lane & half]
            low = [lane if not lane & half else LANES + lane - half for lane in range(LANES)]
            high = [lane + half if not lane & half else LANES + lane for lane in range(LANES)]
            for n in blocks:
                pair = found[n], found[n + half]
                found[n], found[n + half] = (
                    builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(I32, LANES), lanes))
                    for lanes in (low, high)
                )
        mean, scale = in_all_lanes(builder, args[5]), in_all_lanes(builder, args[6])
        for value in found:
            number = builder.uitofp(builder.zext(value, ir.VectorType(I32, LANES)), VECTOR)
            store_vector(builder, builder.fmul(builder.fsub(number, mean), scale), target, 0)
            target = builder.gep(target, [args[9]])
        return context.get_dummy_value()

    return signature, generate
