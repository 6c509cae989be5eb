"""Vectors of 16 floats in LLVM's own language: what the inner loops of sparse training are written in.

LLVM turns a vector of 16 into whatever the processor has (one register with AVX-512, two with AVX, four with NEON), but
keeps the order of every sum, and multiplications and additions are fused explicitly: the same bits on each of them.
Loops that numba vectorises by itself promise neither this nor that sums stay in registers.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

LANES = 16
"""Floats of a vector."""
FLOAT, I32, I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
FOUR = ir.VectorType(FLOAT, 4)
ZEROS = ir.Constant(VECTOR, [0.0] * LANES)

Builder = Any
Value = Any


def data_of(context: Any, builder: Builder, array_type: Any, array: Value) -> Value:
    """Where an array's numbers are."""
    return cgutils.create_struct_proxy(array_type)(context, builder, value=array).data  # type: ignore[no-untyped-call]


def load_vector(builder: Builder, pointer: Value, number: int) -> Value:
    """The vector of a number, from a pointer to a float."""
    place = builder.gep(pointer, [ir.Constant(I64, LANES * number)])
    return builder.load(builder.bitcast(place, VECTOR.as_pointer()), align=4)


def store_vector(builder: Builder, value: Value, pointer: Value, number: int) -> None:
    place = builder.gep(pointer, [ir.Constant(I64, LANES * number)])
    builder.store(value, builder.bitcast(place, VECTOR.as_pointer()), align=4)


def in_all_lanes(builder: Builder, scalar: Value) -> Value:
    """A scalar in all lanes."""
    first = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), scalar, ir.Constant(I32, 0))
    lanes = ir.Constant(ir.VectorType(I32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(VECTOR, ir.Undefined), lanes)


def fused(builder: Builder, first: Value, second: Value, plus: Value) -> Value:
    """first * second + plus, rounded once."""
    name = f"llvm.fma.v{LANES}f32"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), name)
    return builder.call(function, [first, second, plus])


def shuffled_lanes(builder: Builder, first: Value, second: Value, lanes: Sequence[int]) -> Value:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(I32, len(lanes)), list(lanes)))


def lane_sums(builder: Builder, vectors: Sequence[Value]) -> Value:
    """The sums of four vectors' lanes, as a vector of four."""
    groups = range(0, LANES, 4)
    low = [lane for g in groups for lane in (g, LANES + g, g + 1, LANES + g + 1)]
    high = [lane + 2 for lane in low]
    left, right = (
        builder.fadd(shuffled_lanes(builder, a, b, low), shuffled_lanes(builder, a, b, high))
        for a, b in (vectors[:2], vectors[2:])
    )
    low = [lane for g in groups for lane in (g, g + 1, LANES + g, LANES + g + 1)]
    high = [lane + 2 for lane in low]
    four = builder.fadd(shuffled_lanes(builder, left, right, low), shuffled_lanes(builder, left, right, high))
    for half in (LANES // 2, LANES // 4):
        parts = [shuffled_lanes(builder, four, four, range(begin, begin + half)) for begin in (0, half)]
        four = builder.fadd(*parts)
    return four


def loop_over(
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
    k = builder.phi(I64)
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
    k.add_incoming(builder.add(k, ir.Constant(I64, step)), builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return held


def input_place(builder: Builder, columns: Value, x: Value, k: Value) -> Value:
    """Where the input of a kept weight begins."""
    column = builder.zext(builder.load(builder.gep(columns, [k])), I64)
    return builder.gep(x, [column])
