"""What a cluster is called: a category that dominates it, and well known items near its centre."""

from typing import Any

import polars as pl

from interest_spark.applications.tastes.names import name_clusters


def item(item_id: str, cluster: int, **given: Any) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "cluster": cluster,
        **{"cosine": 0.9, "events": 1, "category": None, "title": None, **given},
    }


def named(*items: dict[str, Any], named_by: int = 2) -> list[dict[str, Any]]:
    schema = {
        "item_id": pl.String,
        "cluster": pl.Int32,
        "cosine": pl.Float32,
        "events": pl.Int64,
        "category": pl.String,
        "title": pl.String,
    }
    return name_clusters(pl.DataFrame(list(items), schema=schema), named_by).to_dicts()


def test_the_category_and_the_most_popular_near_the_centre() -> None:
    tea = [
        item("t1", 0, category="tea", title=" Longjing ", events=5, cosine=0.95),
        item("t2", 0, category="tea", title="Pu'er", events=9, cosine=0.9),
        item("t3", 0, category="tea", title="乌龙茶", events=7, cosine=0.99),
        item("pot", 0, category="kitchen", title="Teapot", events=900, cosine=0.1),
    ]
    (found,) = named(*tea)
    assert found == {
        "cluster": 0,
        "name": "tea: 乌龙茶, Longjing",  # the pot is better known, and not near
        "category": "tea",
        "category_share": 0.75,
        "items": 4,
        "item_ids": ["t3", "t1"],
    }


def test_without_a_dominant_category_items_alone_name_it() -> None:
    mixed = [item(f"m{number}", 1, category=f"c{number}", title=f"T{number}") for number in range(3)]
    unknown = [item("u1", 2, title="  "), item("u2", 2, events=4), item("u3", 2, category="c1")]
    first, second = named(*mixed, *unknown)
    assert (first["name"], first["category"], first["category_share"]) == ("T0, T1", None, None)
    assert (second["name"], second["category"]) == ("u2, u1", None)


def test_equal_categories_and_equal_items_go_by_their_names() -> None:
    items = [item("b", 0, category="y"), item("a", 0, category="x")]
    (found,) = named(*items)
    assert (found["category"], found["item_ids"]) == ("x", ["a", "b"])
    assert named(*reversed(items)) == [found]


def test_names_are_different_and_short() -> None:
    long = "a title of forty-one characters, exactly!"
    (found,) = named(item("x", 0, title=long))
    assert len(long) == 41
    assert found["name"] == f"{long[:39]}…"
    twice = named(item("x", 0, title="Cup"), item("y", 1, title="Cup"), item("z", 2, title="Pan"))
    assert [each["name"] for each in twice] == ["Cup (x)", "Cup (y)", "Pan"]
