"""What other systems call the columns and behaviors, the likeliest first; small, and without signs."""

COLUMNS = {
    "user_id": (
        *("userid", "user", "uid", "visitorid", "customerid", "memberid", "userpseudoid", "clientid", "reviewerid"),
        *("anonymousid", "viewerid", "buyerid", "accountid", "cookieid", "csvid", "deviceid", "sessionid", "session"),
        *("sid", "visitid", "用户id", "会员号", "用户", "cip", "clientip", "remoteaddr", "ip"),
    ),
    "item_id": (
        *("itemid", "item", "sku", "productid", "product", "goodsid", "articleid", "aid", "iid", "asin", "stockcode"),
        *("newsid", "contentid", "movieid", "videoid", "csuristem", "商品id", "商品编码", "商品"),
    ),
    "behavior": (
        *("behavior", "behaviour", "behaviortype", "eventname", "eventtype", "event", "action", "actiontype", "type"),
        *("activity", "interaction", "kind", "动作", "行为"),
    ),
    "event_time": (
        *("eventtime", "eventtimestamp", "timestamp", "originaltimestamp", "datetime", "ts", "time", "createdat"),
        *("occurredat", "eventts", "at", "date", "tdat", "timestampms", "unixreviewtime", "invoicedate", "时间"),
    ),
    "price": ("price", "unitprice", "itemprice", "amount", "cost", "单价", "价格"),
    "quantity": ("quantity", "qty", "count", "数量"),
    "rating": ("rating", "stars", "score", "overall"),
    "session_id": ("sessionid", "usersession", "session", "sid", "visitid", "gasessionid"),
    "platform": ("platform", "channel"),
    "query": ("query", "searchterm", "keyword", "q"),
}

WITHOUT_LOGIN = ("anonymousid", "userpseudoid", "visitorid", "clientid", "deviceid", "cookieid", "viewerid")
"""What is known of users who have not said who they are."""

REQUIRED = ("user_id", "item_id", "behavior", "event_time")

BEHAVIORS = {
    "view": (
        *("view", "pv", "pageview", "viewitem", "productviewed", "detail", "itemview", "visit", "impression", "浏览"),
        *("productview", "browse"),
    ),
    "click": ("click", "clicks", "productclicked", "selectitem"),
    "cart": ("cart", "carts", "addtocart", "addcart", "productadded", "basket", "加购"),
    "favorite": ("favorite", "fav", "wishlist", "addtowishlist", "productaddedtowishlist", "like", "收藏"),
    "purchase": ("purchase", "buy", "order", "orders", "transaction", "ordercompleted", "checkout", "下单", "购买"),
    "return": ("return", "refund", "orderrefunded", "退货"),
    "search": ("search", "viewsearchresults", "productssearched", "搜索"),
    "share": ("share", "productshared"),
    "rate": ("rate", "review", "rating"),
    "check_in": ("checkin",),
}


def plain(word: str) -> str:
    """Letters and digits alone, small.

    >>> plain("Product_ID ")
    'productid'
    """
    return "".join(each for each in word.lower() if each.isalnum())


def behavior_of(word: str) -> str | None:
    """The canonical behavior that a shop's word is likely to mean."""
    return next((name for name, words in BEHAVIORS.items() if plain(word) in words), None)
