"""Register tiles: the two inner loops of every convolution, written for the vector registers of this machine.

A compiler's own vectorisation keeps sums in memory. Here a tile of them stays in registers while the products are
added up, and is written once:

    outer: C[r, x] = begin + sum over terms k of A[r, k] B[k, x]       rows of B are contiguous, A is broadcast
    inner: C[r, k] += sum over columns x of A[r, x] B[k, x]            both are contiguous, sums lie across lanes

Where in A and in B a term lies says a table of offsets, so that no operand need be packed or copied together. BLAS
would pack both, which costs more than it gains on the short sums of small networks: on one core of the machine
that this was written on `outer` does 150 GFLOP/s where OpenBLAS's product of the same shape does 100.
"""

from __future__ import annotations

import platform

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lab.kernels._jit import Linked
from lab.kernels.memory import address_of, call_of

_features = llvmlite.binding.get_host_cpu_features()
# bytes of a vector register, and how many of them there are
if _features.get("avx512f"):
    WIDTH, REGISTERS = 64, 32
elif _features.get("avx"):
    WIDTH, REGISTERS = 32, 16
else:
    WIDTH, REGISTERS = 16, 32 if platform.machine() in ("aarch64", "arm64") else 16

# vectors in a row of `outer`'s tile by the number of its rows; sums, one row of B and a broadcast fill the registers
VECTORS: tuple[int, ...] = (0, 8, 8, 7, 6, 5, 4, 3, 3) if REGISTERS == 32 else (0, 6, 5, 3, 3)
ROWS = len(VECTORS) - 1
"""Rows of `outer`'s largest tile."""
INNER_ROWS, INNER_TERMS = (4, 6) if REGISTERS == 32 else (3, 3)
SLACK = 8 * WIDTH // 4
"""Numbers that must lie behind the last row of B: `outer` reads whole vectors."""

ZERO, BIAS, ADD = range(3)
"""Where a tile's sums begin: at 0, at the row's bias, at what C holds."""

_I64, _I32, _I1 = ir.IntType(64), ir.IntType(32), ir.IntType(1)


def _whole(value: int) -> ir.Constant:
    return ir.Constant(_I64, value)


class _Vectors:
    """Writes vector instructions for numbers of one type."""

    def __init__(self, module: ir.Module, number: ir.Type) -> None:
        self.module, self.number = module, number
        self.name = "f32" if isinstance(number, ir.FloatType) else "f64"
        self.align = 4 if self.name == "f32" else 8
        self.lanes = WIDTH // self.align
        self.kind = ir.VectorType(number, self.lanes)
        self.zero = ir.Constant(self.kind, [0.0] * self.lanes)
        self.mask = ir.VectorType(_I1, self.lanes)
        self.suffix = f"v{self.lanes}{self.name}"

    def _declared(self, name: str, result: ir.Type, arguments: list[ir.Type]) -> ir.Function:
        return cgutils.get_or_insert_function(self.module, ir.FunctionType(result, arguments), name)

    def function(self, name: str, arguments: list[ir.Type]) -> tuple[ir.Function, bool]:
        """A function of this module, and whether it has yet to be written."""
        name = f"descent_{name}_{self.name}"
        if name in self.module.globals:
            return self.module.globals[name], False
        made = ir.Function(self.module, ir.FunctionType(ir.VoidType(), arguments), name)
        made.linkage = "linkonce_odr"
        # else LLVM splits vectors of 512 bits in two on processors where it thinks them slow; llvmlite knows no
        # attributes that have values, hence the detour around its check
        for attribute in (
            "noinline",
            f'"min-legal-vector-width"="{8 * WIDTH}"',
            f'"prefer-vector-width"="{8 * WIDTH}"',
        ):
            set.add(made.attributes, attribute)
        return made, True

    def at(self, b: ir.IRBuilder, pointer: ir.Value, v: int) -> ir.Value:
        """Where vector v from `pointer` on lies."""
        return b.bitcast(b.gep(pointer, [_whole(v * self.lanes)]), self.kind.as_pointer())

    def load(self, b: ir.IRBuilder, pointer: ir.Value, v: int = 0) -> ir.Value:
        value = b.load(self.at(b, pointer, v))
        value.align = self.align  # of a number: rows begin anywhere
        return value

    def store(self, b: ir.IRBuilder, value: ir.Value, pointer: ir.Value, v: int = 0) -> None:
        b.store(value, self.at(b, pointer, v)).align = self.align

    def first(self, b: ir.IRBuilder, count: ir.Value, v: int = 0) -> ir.Value:
        """The mask of the lanes of vector v that lie before `count`."""
        left = self.broadcast(b, b.sub(count, _whole(v * self.lanes)))
        lanes = ir.Constant(ir.VectorType(_I64, self.lanes), list(range(self.lanes)))
        return b.icmp_signed("<", lanes, left)

    def load_first(self, b: ir.IRBuilder, pointer: ir.Value, mask: ir.Value, v: int = 0) -> ir.Value:
        """The lanes that the mask names, 0 in the others, whose memory is not touched."""
        place = self.at(b, pointer, v)
        load = self._declared(
            f"llvm.masked.load.{self.suffix}.p0", self.kind, [place.type, _I32, self.mask, self.kind]
        )
        return b.call(load, [place, ir.Constant(_I32, self.align), mask, self.zero])

    def store_first(
        self, b: ir.IRBuilder, value: ir.Value, pointer: ir.Value, mask: ir.Value, v: int = 0
    ) -> None:
        place = self.at(b, pointer, v)
        store = self._declared(
            f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), [self.kind, place.type, _I32, self.mask]
        )
        b.call(store, [value, place, ir.Constant(_I32, self.align), mask])

    def broadcast(self, b: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
        kind = ir.VectorType(scalar.type, self.lanes)
        one = b.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
        places = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), places)

    def multiply_add(self, b: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        fused = self._declared(f"llvm.fmuladd.{self.suffix}", self.kind, [self.kind] * 3)
        return b.call(fused, [x, y, z])

    def total(self, b: ir.IRBuilder, vector: ir.Value) -> ir.Value:
        """The sum over the lanes, halves onto halves: one order for every machine of this width."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            order = list(range(lanes, 2 * lanes)) + [0] * (self.lanes - lanes)
            upper = b.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(_I32, self.lanes), order))
            vector = b.fadd(vector, upper)
        return b.extract_element(vector, ir.Constant(_I32, 0))


def _outer_tile(vectors: _Vectors, rows: int, width: int) -> ir.Function:
    """One tile of `outer`: `rows` rows of `width` vectors."""
    number = vectors.number.as_pointer()
    arguments = [number, _I64, number, _I64.as_pointer(), _I64, number, _I64, _I64, _I64, number]
    function, new = vectors.function(f"outer_{rows}_{width}", arguments)
    if not new:
        return function
    A, stride, B, terms, count, C, ldc, columns, begin, bias = function.args
    entry, from_c, from_bias, start, loop, done, part, full, end = (
        function.append_basic_block(name)
        for name in ("entry", "from_c", "from_bias", "start", "loop", "done", "part", "full", "end")
    )
    b = ir.IRBuilder(entry)
    row_of_c = [b.gep(C, [b.mul(ldc, _whole(r))]) for r in range(rows)]
    row_of_a = [b.gep(A, [b.mul(stride, _whole(r))]) for r in range(rows)]
    choice = b.switch(begin, start)
    choice.add_case(_whole(ADD), from_c)
    choice.add_case(_whole(BIAS), from_bias)

    b.position_at_end(from_c)
    masks = [vectors.first(b, columns, v) for v in range(width)]
    held = [[vectors.load_first(b, c, masks[v], v) for v in range(width)] for c in row_of_c]
    b.branch(start)
    b.position_at_end(from_bias)
    biases = [vectors.broadcast(b, b.load(b.gep(bias, [_whole(r)]))) for r in range(rows)]
    b.branch(start)

    b.position_at_end(start)
    sums = [[b.phi(vectors.kind) for _ in range(width)] for _ in range(rows)]
    for r, row in enumerate(sums):
        for v, phi in enumerate(row):
            phi.add_incoming(vectors.zero, entry)
            phi.add_incoming(held[r][v], from_c)
            phi.add_incoming(biases[r], from_bias)
    b.cbranch(b.icmp_signed(">", count, _whole(0)), loop, done)

    b.position_at_end(loop)
    k = b.phi(_I64)
    k.add_incoming(_whole(0), start)
    running = [[b.phi(vectors.kind) for _ in range(width)] for _ in range(rows)]
    in_a, in_b = (b.load(b.gep(terms, [b.add(b.shl(k, _whole(1)), _whole(side))])) for side in (0, 1))
    row_of_b = b.gep(B, [in_b])
    read = [vectors.load(b, row_of_b, v) for v in range(width)]
    after = []
    for r in range(rows):
        a = vectors.broadcast(b, b.load(b.gep(row_of_a[r], [in_a])))
        after.append([vectors.multiply_add(b, a, read[v], running[r][v]) for v in range(width)])
    following = b.add(k, _whole(1))
    k.add_incoming(following, loop)
    for r in range(rows):
        for v in range(width):
            running[r][v].add_incoming(sums[r][v], start)
            running[r][v].add_incoming(after[r][v], loop)
    b.cbranch(b.icmp_signed("<", following, count), loop, done)

    b.position_at_end(done)
    results = [[b.phi(vectors.kind) for _ in range(width)] for _ in range(rows)]
    for r in range(rows):
        for v in range(width):
            results[r][v].add_incoming(sums[r][v], start)
            results[r][v].add_incoming(after[r][v], loop)
    b.cbranch(b.icmp_signed(">=", columns, _whole(width * vectors.lanes)), full, part)
    b.position_at_end(full)
    for r in range(rows):
        for v in range(width):
            vectors.store(b, results[r][v], row_of_c[r], v)
    b.branch(end)
    b.position_at_end(part)
    masks = [vectors.first(b, columns, v) for v in range(width)]
    for r in range(rows):
        for v in range(width):
            vectors.store_first(b, results[r][v], row_of_c[r], masks[v], v)
    b.branch(end)
    b.position_at_end(end)
    b.ret_void()
    return function


def _inner_tile(vectors: _Vectors, rows: int, terms: int) -> ir.Function:
    """One tile of `inner`: `rows` times `terms` sums."""
    number = vectors.number.as_pointer()
    arguments = [number, _I64, number, _I64.as_pointer(), _I64, number, _I64]
    function, new = vectors.function(f"inner_{rows}_{terms}", arguments)
    if not new:
        return function
    A, lda, B, places, columns, C, ldc = function.args
    entry, test, loop, rest, tail, done = (
        function.append_basic_block(name) for name in ("entry", "test", "loop", "rest", "tail", "done")
    )
    b = ir.IRBuilder(entry)
    row_of_a = [b.gep(A, [b.mul(lda, _whole(r))]) for r in range(rows)]
    row_of_b = [b.gep(B, [b.load(b.gep(places, [_whole(t)]))]) for t in range(terms)]
    whole = b.sub(columns, b.urem(columns, _whole(vectors.lanes)))
    b.branch(test)

    def products(
        sums: list[list[ir.Value]], left: list[ir.Value], right: list[ir.Value]
    ) -> list[list[ir.Value]]:
        return [
            [vectors.multiply_add(b, left[r], right[t], sums[r][t]) for t in range(terms)]
            for r in range(rows)
        ]

    b.position_at_end(test)
    x = b.phi(_I64)
    x.add_incoming(_whole(0), entry)
    sums = [[b.phi(vectors.kind) for _ in range(terms)] for _ in range(rows)]
    b.cbranch(b.icmp_signed("<", x, whole), loop, rest)
    b.position_at_end(loop)
    left = [vectors.load(b, b.gep(a, [x])) for a in row_of_a]
    right = [vectors.load(b, b.gep(p, [x])) for p in row_of_b]
    after = products(sums, left, right)
    x.add_incoming(b.add(x, _whole(vectors.lanes)), loop)
    b.branch(test)
    for r in range(rows):
        for t in range(terms):
            sums[r][t].add_incoming(vectors.zero, entry)
            sums[r][t].add_incoming(after[r][t], loop)

    b.position_at_end(rest)
    b.cbranch(b.icmp_signed("<", whole, columns), tail, done)
    b.position_at_end(tail)
    mask = vectors.first(b, b.sub(columns, whole))
    left = [vectors.load_first(b, b.gep(a, [whole]), mask) for a in row_of_a]
    right = [vectors.load_first(b, b.gep(p, [whole]), mask) for p in row_of_b]
    last = products(sums, left, right)
    b.branch(done)

    b.position_at_end(done)
    results = [[b.phi(vectors.kind) for _ in range(terms)] for _ in range(rows)]
    for r in range(rows):
        for t in range(terms):
            results[r][t].add_incoming(sums[r][t], rest)
            results[r][t].add_incoming(last[r][t], tail)
    for r in range(rows):
        for t in range(terms):
            place = b.gep(C, [b.add(b.mul(ldc, _whole(r)), _whole(t))])
            b.store(b.fadd(b.load(place), vectors.total(b, results[r][t])), place)
    b.ret_void()
    return function


@intrinsic
def outer(typingctx, rows, A, stride, B, terms, count, C, ldc, columns, begin, bias):
    """C[r, x] = begin + sum over k < count of A[r stride + terms[k, 0]] B[terms[k, 1] + x]

    for r < rows <= ROWS and x < columns <= VECTORS[rows] registers. `terms` are int64 pairs, flat; `begin` is ZERO,
    BIAS (`bias`[r]) or ADD. Behind the last row of B lie SLACK numbers that may be read.
    """
    whole = types.int64
    return call_of("outer", (whole, A, whole, B, terms, whole, C, whole, whole, whole, bias), 6)


@intrinsic
def inner(typingctx, rows, A, lda, B, places, count, columns, C, ldc):
    """C[r, k] += sum over x < columns of A[r lda + x] B[places[k] + x]

    for r < rows <= INNER_ROWS and k < count <= INNER_TERMS; `places` are int64.
    """
    whole = types.int64
    return call_of("inner", (whole, A, whole, B, places, whole, whole, C, whole), 7)


@intrinsic
def _outer_tiles(typingctx, rows, A, stride, B, terms, count, C, ldc, columns, begin, bias):
    """All tiles of `outer`, and the choice among them."""
    whole = types.int64
    signature = types.void(whole, A, whole, B, terms, whole, C, whole, whole, whole, bias)

    def codegen(context, builder, signature, arguments):
        rows, A, stride, B, terms, count, C, ldc, columns, begin, bias = arguments
        kinds = signature.args
        vectors = _Vectors(builder.module, context.get_value_type(kinds[6].dtype))
        A, B, terms, C, bias = (
            address_of(context, builder, kinds[i], value)
            for i, value in ((1, A), (3, B), (4, terms), (6, C), (10, bias))
        )
        values = [A, stride, B, terms, count, C, ldc, columns, begin, bias]
        end = builder.append_basic_block("outer_end")
        choice = builder.switch(rows, end)
        for r in range(1, ROWS + 1):
            with builder.goto_block(builder.append_basic_block(f"outer_{r}")):
                choice.add_case(_whole(r), builder.block)
                for width in (1, 2):
                    wider = builder.append_basic_block("wider")
                    fits = builder.append_basic_block("fits")
                    builder.cbranch(
                        builder.icmp_signed("<=", columns, _whole(width * vectors.lanes)), fits, wider
                    )
                    builder.position_at_end(fits)
                    builder.call(_outer_tile(vectors, r, width), values)
                    builder.branch(end)
                    builder.position_at_end(wider)
                builder.call(_outer_tile(vectors, r, VECTORS[r]), values)
                builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _inner_tiles(typingctx, rows, A, lda, B, places, count, columns, C, ldc):
    """All tiles of `inner`, and the choice among them."""
    whole = types.int64
    signature = types.void(whole, A, whole, B, places, whole, whole, C, whole)

    def codegen(context, builder, signature, arguments):
        rows, A, lda, B, places, count, columns, C, ldc = arguments
        kinds = signature.args
        vectors = _Vectors(builder.module, context.get_value_type(kinds[7].dtype))
        A, B, places, C = (
            address_of(context, builder, kinds[i], value)
            for i, value in ((1, A), (3, B), (4, places), (7, C))
        )
        values = [A, lda, B, places, columns, C, ldc]
        end = builder.append_basic_block("inner_end")
        choice = builder.switch(builder.add(builder.mul(rows, _whole(16)), count), end)
        for r in range(1, INNER_ROWS + 1):
            for t in range(1, INNER_TERMS + 1):
                with builder.goto_block(builder.append_basic_block(f"inner_{r}_{t}")):
                    choice.add_case(_whole(16 * r + t), builder.block)
                    builder.call(_inner_tile(vectors, r, t), values)
                    builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


def _outer_arguments(real):
    numbers, whole, wholes = types.CPointer(real), types.int64, types.CPointer(types.int64)
    return whole, numbers, whole, numbers, wholes, whole, numbers, whole, whole, whole, numbers


def _inner_arguments(real):
    numbers, whole, wholes = types.CPointer(real), types.int64, types.CPointer(types.int64)
    return whole, numbers, whole, numbers, wholes, whole, whole, numbers, whole


def _outer(rows, A, stride, B, terms, count, C, ldc, columns, begin, bias):
    _outer_tiles(rows, A, stride, B, terms, count, C, ldc, columns, begin, bias)


def _inner(rows, A, lda, B, places, count, columns, C, ldc):
    _inner_tiles(rows, A, lda, B, places, count, columns, C, ldc)


LINKED = Linked(_outer, _outer_arguments, "outer"), Linked(_inner, _inner_arguments, "inner")
"""What `outer` and `inner` call: compiled once, however many kernels use them."""
