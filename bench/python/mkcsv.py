#!/usr/bin/env python3
"""mkcsv.py file.csv: 5,000,000 rows, 333 MB: bigint, double, two texts, a date."""
import sys

import duckdb

duckdb.connect().execute(
    f"""COPY (SELECT i AS id, round(i * 3.7, 2) AS price, 'IN PERSON ' || (i % 1000) AS instr,
    'comment number ' || i AS comment, DATE '1992-01-01' + (i % 2500)::INT AS day
    FROM range(5000000) t(i)) TO '{sys.argv[1]}' (FORMAT csv, HEADER)"""
)
