"""The words of the shop: categories with their goods in English and Chinese, brands, prices and seasons."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One department. `complement` names where its buyers go next; `peak_day` is the day of the year it sells best."""

    name: str
    chinese: str
    median_price: float
    price_spread: float  # standard deviation of the logarithm
    peak_day: int
    complement: str
    brands: tuple[str, ...]
    goods: tuple[tuple[str, str], ...]  # English, Chinese


def _category(
    names: str, price: tuple[float, float], peak_day: int, complement: str, brands: str, goods: str
) -> Category:
    name, chinese = names.split("/")
    pairs = [good.split("/") for good in goods.split(", ")]
    return Category(name, chinese, *price, peak_day, complement, tuple(brands.split()), tuple((a, b) for a, b in pairs))


# The most popular first: a category's place sets how many people take an interest in it.
CATEGORIES = (
    _category(
        "phones/手机",
        (420, 0.5),
        320,
        "phone_accessories",
        "Novatel Lumio Orbix Pandora Xiwave",
        "smartphone/智能手机, foldable phone/折叠屏手机, 5G phone/5G手机, senior phone/老人手机, gaming phone/游戏手机",
    ),
    _category(
        "womens_clothing/女装",
        (38, 0.6),
        110,
        "shoes",
        "Liriel Moonrow Azalea Qingyi Velda",
        "summer dress/夏季连衣裙, knit cardigan/针织开衫, silk blouse/真丝衬衫, pleated skirt/百褶裙, trench coat/风衣",
    ),
    _category(
        "beauty/美妆护肤",
        (22, 0.7),
        50,
        "womens_clothing",
        "Floraine Sukin Yulan Pearlie Dewdrop",
        "face cream/面霜, lipstick/口红, sunscreen/防晒霜, serum/精华液, eyeshadow palette/眼影盘",
    ),
    _category(
        "phone_accessories/手机配件",
        (12, 0.6),
        320,
        "phones",
        "Cablix Gripster Voltano Kuaichong Shellby",
        "phone case/手机壳, fast charger/快充充电器, power bank/充电宝, screen protector/钢化膜, car mount/车载支架",
    ),
    _category(
        "snacks/休闲零食",
        (6, 0.5),
        25,
        "kitchen",
        "Nutty Haoweidao Crispino Tangguo Berrylane",
        "roasted nuts/炒坚果, rice crackers/米饼, dried mango/芒果干, chocolate bar/巧克力棒, beef jerky/牛肉干",
    ),
    _category(
        "shoes/鞋靴",
        (55, 0.5),
        90,
        "sports",
        "Stridewell Feibu Terrano Corvex Soleil",
        "running shoes/跑鞋, leather boots/皮靴, canvas sneakers/帆布鞋, sandals/凉鞋, hiking shoes/登山鞋",
    ),
    _category(
        "computers/电脑办公",
        (310, 0.8),
        240,
        "books",
        "Kernelix Yunsuan Bitforge Lapwing Octane",
        "laptop/笔记本电脑, mechanical keyboard/机械键盘, monitor/显示器, "
        "wireless mouse/无线鼠标, solid state drive/固态硬盘",
    ),
    _category(
        "home_textiles/家纺",
        (29, 0.5),
        345,
        "furniture",
        "Cottonia Mianyun Restwell Lanare Fluff",
        "duvet cover/被套, bath towel/浴巾, memory pillow/记忆枕, wool blanket/羊毛毯, curtain/窗帘",
    ),
    _category(
        "baby/母婴",
        (19, 0.6),
        150,
        "toys",
        "Tinytoes Beibao Cradle Mamalove Softy",
        "diapers/纸尿裤, feeding bottle/奶瓶, baby stroller/婴儿推车, rompers/连体衣, baby wipes/婴儿湿巾",
    ),
    _category(
        "toys/玩具",
        (17, 0.6),
        350,
        "baby",
        "Brickadia Leyuan Puzzlo Wonderkin Robotto",
        "building blocks/积木, jigsaw puzzle/拼图, plush bear/毛绒熊, toy train/玩具火车, science kit/科学实验套装",
    ),
    _category(
        "kitchen/厨具",
        (26, 0.7),
        330,
        "snacks",
        "Panhandle Chuguo Steelo Simmerly Bamboon",
        "frying pan/平底锅, rice cooker/电饭煲, chef knife/主厨刀, tea set/茶具, storage jar/储物罐",
    ),
    _category(
        "sports/运动户外",
        (34, 0.7),
        180,
        "shoes",
        "Peakline Yundong Aquaro Trailwind Flexor",
        "yoga mat/瑜伽垫, camping tent/露营帐篷, dumbbell set/哑铃套装, "
        "badminton racket/羽毛球拍, cycling helmet/骑行头盔",
    ),
    _category(
        "books/图书",
        (11, 0.4),
        250,
        "computers",
        "Inkwell Mofang Harbourpress Foliant Shuxiang",
        "science fiction novel/科幻小说, cookbook/菜谱, history book/历史书, "
        "picture book/绘本, language course/语言教程",
    ),
    _category(
        "furniture/家具",
        (150, 0.7),
        270,
        "home_textiles",
        "Oakhaus Muyuan Loftline Sitwell Nordvik",
        "office chair/办公椅, bookshelf/书架, coffee table/茶几, sofa bed/沙发床, bedside lamp/床头灯",
    ),
    _category(
        "pets/宠物用品",
        (14, 0.6),
        120,
        "garden",
        "Pawsome Miaowang Barkley Whisker Feathers",
        "cat litter/猫砂, dog leash/牵引绳, pet bed/宠物窝, fish tank/鱼缸, cat tower/猫爬架",
    ),
    _category(
        "garden/园艺",
        (16, 0.6),
        105,
        "pets",
        "Greenthumb Huayuan Rosewood Sprouty Terracotta",
        "flower pot/花盆, garden hose/浇水软管, tulip bulbs/郁金香种球, pruning shears/修枝剪, potting soil/营养土",
    ),
)

QUALITIES = (
    ("classic", "经典"),
    ("lightweight", "轻便"),
    ("premium", "高端"),
    ("eco-friendly", "环保"),
    ("compact", "小巧"),
    ("handmade", "手工"),
    ("limited edition", "限量版"),
    ("everyday", "日常"),
    ("new season", "新款"),
    ("value", "超值"),
)

PRAISE = (
    ("Loved for its quality and fair price", "品质好，价格实惠"),
    ("Arrives in two days, returns are free", "两天送达，免费退换"),
    ("Designed together with our customers", "与顾客共同设计"),
    ("A gift that always fits", "送礼首选"),
    ("Tested for long use", "经久耐用"),
)

# Region code, hours ahead of UTC, share of the shop's users.
REGIONS = (
    ("CN-SH", 8.0, 0.22),
    ("CN-BJ", 8.0, 0.15),
    ("CN-GD", 8.0, 0.18),
    ("CN-SC", 8.0, 0.08),
    ("IN-MH", 5.5, 0.05),
    ("DE-BE", 1.0, 0.09),
    ("GB-LND", 0.0, 0.07),
    ("BR-SP", -3.0, 0.04),
    ("US-NY", -5.0, 0.07),
    ("US-CA", -8.0, 0.05),
)

PLATFORMS = ("ios", "android", "web", "mini_program")
