"""Models, what they learn from and what they suggest."""

import pyarrow as pa

from interest_spark.schemas.table import list_of, table_of
from interest_spark.schemas.tokens import INPUTS, USER_COLUMNS

MODELLED: dict[str, pa.Schema] = {
    "train_blocks": table_of(
        block_id=(pa.int64(), "numbers the day's blocks"),
        held_out_targets=(pa.int32(), "in the block; more than 0, or 0, in all blocks of a file"),
        item=(list_of(pa.int32()), "`item_index` of each token, 0 pads, -1 hides what is to be foretold"),
        target=(list_of(pa.int32()), "`item_index` to be foretold after the token, or in its place, 0 for none"),
        target_behavior=(list_of(pa.int32()), "of the target"),
        target_minute=(list_of(pa.int32()), "of the target, in minutes since 1970"),
        held_out=(list_of(pa.int32()), "1 where the target judges the training and is no part of it"),
        segment=(list_of(pa.int32()), "tells the block's histories apart, from 1"),
        position=(list_of(pa.int32()), "within the history"),
        **{
            name: (list_of(pa.int32()), f"code computed from `{source}`, 0 for none") for name, source in INPUTS.items()
        },
        minute=(list_of(pa.int32()), "of the token's event, in minutes since 1970"),
        **{
            name: (list_of(pa.int32()), f"code of the user's attribute that the network names as number {number}")
            for number, name in enumerate(USER_COLUMNS, 1)
        },
    ),
    "models": table_of(
        model_version=(pa.string(), "names the bundle"),
        path=(pa.string(), "of the bundle, below the warehouse"),
        manifest_sha256=(pa.string(), "of the bundle's list of files"),
        item_count=(pa.int32(), "items that it can rank"),
        parameters=(pa.int64(), "trained numbers"),
        loss=(pa.float64(), "of the last step"),
        train_seconds=(pa.float64(), "wall clock"),
        trained_through=(pa.string(), "the last day that it learnt from"),
    ),
    "recommendations": table_of(
        user_id=(pa.string(), "for whom"),
        rank=(pa.int32(), "from 1"),
        item_id=(pa.string(), "what is suggested"),
        score=(pa.float64(), "higher is better, within one source"),
        source=(pa.string(), "`model` or `popularity`"),
        model_version=(pa.string(), "that ranked"),
    ),
    "user_vectors": table_of(
        user_id=(pa.string(), "whom the model serves"),
        vector=(list_of(pa.float32()), "what is multiplied with the items' vectors"),
        model_version=(pa.string(), "that made it"),
    ),
    "unserved": table_of(
        user_id=(pa.string(), "who has fewer than `score.k` suggestions"),
        reason=(pa.string(), "why"),
        rows=(pa.int32(), "how many suggestions they have"),
    ),
}
