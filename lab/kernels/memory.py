"""Spans of flat memory, pointers to them, and the matrix product on them.

`span` gives a part of a flat array without owning it: no reference is counted (an atomic write that shards on
several cores would fight over) and no index is wrapped round (a branch that keeps loops from vector registers).
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from threadpoolctl import threadpool_limits

for _name in ("sgemm", "dgemm"):
    # a named symbol can be cached with the compiled code, an address in a ctypes pointer cannot
    llvmlite.binding.add_symbol(
        f"descent_{_name}", get_cython_function_address("scipy.linalg.cython_blas", _name)
    )
# A shard uses one core and calls BLAS inside: BLAS must not start threads of its own.
threadpool_limits(1, user_api="blas")


def address_of(context, builder, kind, value):
    """The address of an array's first number, or the pointer that the value is."""
    if isinstance(kind, types.CPointer):
        return value
    return context.make_array(kind)(context, builder, value).data


@intrinsic
def pointer(typingctx, array, start):
    """Where array[start] of an array without gaps lies: a pointer, as linked functions take it."""
    signature = types.CPointer(array.dtype)(array, types.int64)

    def codegen(context, builder, signature, arguments):
        array, start = arguments
        return builder.gep(address_of(context, builder, signature.args[0], array), [start])

    return signature, codegen


@intrinsic
def whole_numbers(typingctx, array, start, length):
    """`length` int64 in the memory of a flat array of numbers, from array[start] on: a multiple of 8 bytes."""
    signature = types.Array(types.int64, 1, "C")(array, types.int64, types.int64)

    def codegen(context, builder, signature, arguments):
        array, start, length = arguments
        data = builder.gep(address_of(context, builder, signature.args[0], array), [start])
        result = context.make_array(signature.return_type)(context, builder)
        itemsize = context.get_constant(types.intp, 8)
        context.populate_array(
            result,
            data=builder.bitcast(data, ir.IntType(64).as_pointer()),
            shape=cgutils.pack_array(builder, [length]),
            strides=cgutils.pack_array(builder, [itemsize]),
            itemsize=itemsize,
            meminfo=None,
        )
        return result._getvalue()

    return signature, codegen


@intrinsic
def invoke(typingctx, address, arguments):
    """Call the linked function at `address` with a tuple of arguments, as they are."""
    signature = types.void(address, arguments)

    def codegen(context, builder, signature, arguments):
        address, packed = arguments
        values = [builder.extract_value(packed, i) for i in range(len(signature.args[1]))]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(address, kind.as_pointer()), values)
        return context.get_dummy_value()

    return signature, codegen


BEHIND = 1024
"""Bytes behind an `aligned` array that may be read."""


def call_of(symbol, kinds, which):
    """For an intrinsic: the call of a linked function by its symbol, for numbers as in argument `which`.

    Arrays are handed on as pointers to their first numbers.
    """

    def codegen(context, builder, signature, arguments):
        values = [
            address_of(context, builder, kind, value)
            if isinstance(kind, types.Array | types.CPointer)
            else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        name = f"descent_{symbol}_{signature.args[which].dtype}"
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)
        return context.get_dummy_value()

    return types.void(*kinds), codegen


@intrinsic
def span(typingctx, array, start, length):
    """array[start : start + length] of a flat array or of a pointer, borrowed: the caller keeps the owner alive."""
    signature = types.Array(array.dtype, 1, "C")(array, types.int64, types.int64)

    def codegen(context, builder, signature, arguments):
        array, start, length = arguments
        data = address_of(context, builder, signature.args[0], array)
        result = context.make_array(signature.return_type)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(signature.return_type.dtype))
        itemsize = context.get_constant(types.intp, size)
        context.populate_array(
            result,
            data=builder.gep(data, [start]),
            shape=cgutils.pack_array(builder, [length]),
            strides=cgutils.pack_array(builder, [itemsize]),
            itemsize=itemsize,
            meminfo=None,
        )
        return result._getvalue()

    return signature, codegen


@intrinsic
def gemm(typingctx, ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc):
    """C[m, n] = op(A) op(B) + beta C on row-major matrices in flat arrays, by BLAS.

    `ta`, `tb`: 1 takes the transpose. op(A) is [m, k] and op(B) [k, n]; `lda`, `ldb`, `ldc` are the distances
    between rows as stored. BLAS is column-major, hence the swapped operands.
    """
    real = C.dtype
    whole = types.int64
    signature = types.void(whole, whole, whole, whole, whole, A, whole, B, whole, types.float64, C, whole)

    def codegen(context, builder, signature, arguments):
        ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc = arguments
        number = context.get_value_type(real)
        i8, i32 = ir.IntType(8), ir.IntType(32)
        name = "descent_sgemm" if real == types.float32 else "descent_dgemm"
        chars, ints, numbers = i8.as_pointer(), i32.as_pointer(), number.as_pointer()
        blas = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(
                ir.VoidType(),
                [
                    chars,
                    chars,
                    ints,
                    ints,
                    ints,
                    numbers,
                    numbers,
                    ints,
                    numbers,
                    ints,
                    numbers,
                    numbers,
                    ints,
                ],
            ),
            name,
        )

        def slot(value):
            place = cgutils.alloca_once(builder, value.type)
            builder.store(value, place)
            return place

        def integer(value):
            return slot(builder.trunc(value, i32))

        def letter(flag):
            chosen = builder.icmp_signed("!=", flag, ir.Constant(flag.type, 0))
            return slot(builder.select(chosen, ir.Constant(i8, ord("T")), ir.Constant(i8, ord("N"))))

        scale = builder.fptrunc(beta, number) if real == types.float32 else beta
        builder.call(
            blas,
            [
                letter(tb),
                letter(ta),
                integer(n),
                integer(m),
                integer(k),
                slot(ir.Constant(number, 1.0)),
                address_of(context, builder, signature.args[7], B),
                integer(ldb),
                address_of(context, builder, signature.args[5], A),
                integer(lda),
                slot(scale),
                address_of(context, builder, signature.args[10], C),
                integer(ldc),
            ],
        )
        return context.get_dummy_value()

    return signature, codegen


def aligned(count: int, dtype: type = np.float32) -> np.ndarray:
    """A flat zeroed array whose first number lies on a 64-byte boundary, a cache line.

    Behind its last number lies memory that may be read: tiles read whole vectors (lab.kernels.tiles).
    """
    itemsize = np.dtype(dtype).itemsize
    raw = np.zeros(count * itemsize + 64 + BEHIND, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count * itemsize].view(dtype)
