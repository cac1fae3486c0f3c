# SPDX-License-Identifier: Apache-2.0
"""Functions by what they do to the values that they are given, in all dialects.

OpenLineage's column lineage facet (1-2-0) says of masking: "Boolean value indicating if the input value was obfuscated
during the transformation. The examples are: `hash` for `TRANSFORMATION` and `count` for `AGGREGATION`. List of
available methods that are considered masking is dependent on the source system." A policy may let a tag end where a
value is masked; so a function stands here only if a system documents that it hides what it is given, and a function
that is not known does not mask.
"""


def bare(name: str) -> str:
    """A function's name without what differs between systems, and within sqlglot: case and underscores."""
    return name.lower().replace("_", "")


def _words(*lines: str) -> frozenset[str]:
    return frozenset(bare(word) for line in lines for word in line.split())


HASHES = _words(
    # Most systems
    "md5 sha sha1 sha2 sha224 sha256 sha384 sha512 hash hmac crc32",
    # BigQuery, Snowflake, Spark and Databricks, Hive
    "farm_fingerprint md5_hex md5_binary md5_digest md5_number_lower64 md5_number_upper64 sha1_hex sha1_binary",
    "sha1_digest sha2_hex sha2_binary sha2_digest hash_agg xxhash32 xxhash64 xxhash3_64",
    # Oracle, SQL Server, Redshift, Teradata, StarRocks
    "standard_hash ora_hash hashbytes checksum binary_checksum checksum_agg func_sha1 fnv_hash farmfingerprint64",
    "hashrow murmur_hash3_32",
    # PostgreSQL with pgcrypto
    "digest crypt hashtext hashtextextended",
    # ClickHouse
    "cityhash64 farmhash64 siphash64 siphash128 halfmd5 murmurhash2_32 murmurhash2_64 murmurhash3_32",
    "murmurhash3_64 murmurhash3_128 metrohash64 javahash hivehash inthash32 inthash64 urlhash blake3 wyhash64",
    # Trino, DuckDB
    "murmur3 spooky_hash_v2_32 spooky_hash_v2_64 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 md5_number",
    "md5_number_lower md5_number_upper",
)
MASKS = _words(
    # Hive, Spark and Databricks
    "mask mask_hash mask_first_n mask_last_n mask_show_first_n mask_show_last_n",
    # MySQL
    "mask_inner mask_outer mask_pan mask_pan_relaxed mask_ssn mask_canada_sin mask_iban mask_uk_nin mask_uuid",
    # Encryption hides as well.
    "encrypt encrypt_raw aes_encrypt deterministic_encrypt pgp_sym_encrypt pgp_pub_encrypt encryptbykey",
    "encryptbypassphrase encryptbycert encryptbyasymkey password old_password",
)
COUNTS = _words(
    "count count_if count_distinct approx_count_distinct approx_distinct hll regr_count approx_unique",
    "uniq uniqexact uniqcombined uniqhll12 uniqif uniqexactif",
)
# Aggregates that sqlglot does not tell from other functions.
AGGREGATES = _words(
    "arbitrary arg_max_null arg_max_nulls_last arg_min_null arg_min_nulls_last bitstring_agg collect entropy every",
    "favg fsum geometric_mean histogram histogram_exact histogram_numeric json_arrayagg jsonb_agg kahan_sum",
    "kurtosis_pop mad map_agg mean multimap_agg product range_agg reduce_agg reservoir_quantile sem set_union some",
    "st_union_agg stats_mode sum_no_overflow sumkahan try_avg try_sum var xmlagg",
)
# What takes its value from one row or another and aggregates nothing, though sqlglot files it with the aggregates.
PICKS = _words("lag lead first_value last_value nth_value")
# Table functions that make their rows out of their arguments alone.
GENERATORS = _words(
    "generate_series range sequence generator numbers generate_array generate_date_array generate_timestamp_array",
    "unnest explode posexplode inline stack flatten json_table openjson xmltable split_to_table table_from_rows",
)
