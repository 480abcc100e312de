"""A process that stores predictions as a server does, and prints each id once it was told that it is durable.

Arguments: the database's URL, and the number of the first prediction.
"""

import asyncio
import os
import sys
from itertools import count

from small_predictions import a_prediction

from serving.ledger_writer import LedgerWriter
from understudy.adapters.database.engine import database_at
from understudy.adapters.database.ledger import SqlLedger


async def keep_writing(writer: LedgerWriter, numbers: "count[int]", size: int) -> None:
    while True:
        batch = [a_prediction(next(numbers)) for _ in range(size)]
        await writer.write(batch)
        os.write(1, "".join(f"{prediction.id}\n" for prediction in batch).encode())


async def main(address: str, first: int) -> None:
    writer = LedgerWriter(SqlLedger(database_at(address)))
    writer.start()
    numbers = count(first)
    await asyncio.gather(*(keep_writing(writer, numbers, size) for size in (1, 2, 7, 150)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
