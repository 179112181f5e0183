//! The structures of Parquet's metadata, as far as the library reads them: [`FOOTER`], [`PAGE`].

use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData, SortingColumn};

use super::thrift::{Of, Struct, Type};

use Type::{Byte, Bytes, Double, Int, List, Long, Short, Truth};

/// About what a part of a schema takes: a type, a column, its path.
const ELEMENT_HELD: usize = 512;

const fn other(fields: &'static [(i16, Type)]) -> Struct {
    Struct { of: Of::Other, held: 0, fields }
}

pub static FOOTER: Struct = other(&[
    (1, Int),
    (2, List(&Type::Struct(&ELEMENT))),
    (3, Long),
    (4, List(&Type::Struct(&GROUP))),
    (5, List(&Type::Struct(&KEY_VALUE))),
    (6, Bytes),
    (7, List(&Type::Struct(&ORDER))),
]);

static ELEMENT: Struct = Struct {
    of: Of::Element,
    held: ELEMENT_HELD,
    fields: &[
        (1, Int),
        (2, Int),
        (3, Int),
        (4, Bytes),
        (5, Int),
        (6, Int),
        (7, Int),
        (8, Int),
        (9, Int),
        (10, Type::Struct(&LOGICAL)),
    ],
};

static EMPTY: Struct = other(&[]);

static LOGICAL: Struct = other(&[
    (1, Type::Struct(&EMPTY)),
    (2, Type::Struct(&EMPTY)),
    (3, Type::Struct(&EMPTY)),
    (4, Type::Struct(&EMPTY)),
    (5, Type::Struct(&DECIMAL)),
    (6, Type::Struct(&EMPTY)),
    (7, Type::Struct(&TIME)),
    (8, Type::Struct(&TIME)),
    (10, Type::Struct(&INTEGER)),
    (11, Type::Struct(&EMPTY)),
    (12, Type::Struct(&EMPTY)),
    (13, Type::Struct(&EMPTY)),
    (14, Type::Struct(&EMPTY)),
    (15, Type::Struct(&EMPTY)),
    (16, Type::Struct(&VARIANT)),
    (17, Type::Struct(&GEOGRAPHY)),
    (18, Type::Struct(&GEOGRAPHY)),
    (19, Type::Struct(&EMPTY)),
]);

static DECIMAL: Struct = other(&[(1, Int), (2, Int)]);
static TIME: Struct = other(&[(1, Truth), (2, Type::Struct(&UNIT))]);
static UNIT: Struct =
    other(&[(1, Type::Struct(&EMPTY)), (2, Type::Struct(&EMPTY)), (3, Type::Struct(&EMPTY))]);
static INTEGER: Struct = other(&[(1, Byte), (2, Truth)]);
static VARIANT: Struct = other(&[(1, Byte)]);
static GEOGRAPHY: Struct = other(&[(1, Bytes), (2, Int)]);
static ORDER: Struct =
    other(&[(1, Type::Struct(&EMPTY)), (2, Type::Struct(&EMPTY)), (3, Type::Struct(&EMPTY))]);

static KEY_VALUE: Struct =
    Struct { of: Of::Other, held: 2 * size_of::<KeyValue>(), fields: &[(1, Bytes), (2, Bytes)] };

static GROUP: Struct = Struct {
    of: Of::Other,
    held: size_of::<RowGroupMetaData>(),
    fields: &[
        (1, List(&Type::Struct(&CHUNK))),
        (2, Long),
        (3, Long),
        (4, List(&Type::Struct(&SORTING))),
        (5, Long),
        (7, Short),
    ],
};

static SORTING: Struct =
    Struct { of: Of::Other, held: size_of::<SortingColumn>(), fields: &[(1, Int), (2, Truth), (3, Truth)] };

static CHUNK: Struct = Struct {
    of: Of::Other,
    held: 2 * size_of::<ColumnChunkMetaData>(),
    fields: &[(1, Bytes), (2, Long), (3, Type::Struct(&COLUMN)), (4, Long), (5, Int), (6, Long), (7, Int)],
};

static COLUMN: Struct = other(&[
    (1, Int),
    (2, List(&Int)),
    (4, Int),
    (5, Long),
    (6, Long),
    (7, Long),
    (9, Long),
    (10, Long),
    (11, Long),
    (12, Type::Struct(&STATISTICS)),
    (13, List(&Type::Struct(&ENCODING))),
    (14, Long),
    (15, Int),
    (16, Type::Struct(&SIZES)),
    (17, Type::Struct(&GEOSPATIAL)),
]);

static STATISTICS: Struct = other(&[
    (1, Bytes),
    (2, Bytes),
    (3, Long),
    (4, Long),
    (5, Bytes),
    (6, Bytes),
    (7, Truth),
    (8, Truth),
    (9, Long),
]);

static ENCODING: Struct = other(&[(1, Int), (2, Int), (3, Int)]);
static SIZES: Struct = other(&[(1, Long), (2, List(&Long)), (3, List(&Long))]);
static GEOSPATIAL: Struct = other(&[(1, Type::Struct(&BOX)), (2, List(&Int))]);
static BOX: Struct = other(&[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
]);

pub static PAGE: Struct = Struct {
    of: Of::Page,
    held: 0,
    fields: &[
        (1, Int),
        (2, Int),
        (3, Int),
        (4, Int),
        (5, Type::Struct(&DATA)),
        (6, Type::Struct(&EMPTY)),
        (7, Type::Struct(&DICTIONARY)),
        (8, Type::Struct(&DATA_2)),
    ],
};

// Their statistics are skipped.
static DATA: Struct = Struct { of: Of::Data, held: 0, fields: &[(1, Int), (2, Int), (3, Int), (4, Int)] };

static DICTIONARY: Struct = Struct { of: Of::Dictionary, held: 0, fields: &[(1, Int), (2, Int), (3, Truth)] };

static DATA_2: Struct = Struct {
    of: Of::Data2,
    held: 0,
    fields: &[(1, Int), (2, Int), (3, Int), (4, Int), (5, Int), (6, Int), (7, Truth)],
};
