"""The places of Guangdong that recommend alliances, with who recommends there."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """A city, or 顺德: `region` is its GB/T 2260 code, `dialling` its telephone area code."""

    name: str
    region: str
    dialling: str
    postcode: str
    bureau: str
    domain: str
    districts: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The place as an address begins, e.g. 广东省佛山市."""
        return "广东省佛山市" if self.name == "顺德" else f"广东省{self.name}市"


def _place(name: str, numbers: str, bureau: str, domain: str, districts: str) -> Place:
    region, dialling, postcode = numbers.split()
    return Place(
        name=name,
        region=region,
        dialling=dialling,
        postcode=postcode,
        bureau=bureau,
        domain=f"{domain}.example.net",
        districts=tuple(districts.split()),
    )


PLACES = (
    _place(
        "广州", "440100 020 510000", "广州市科技创新委员会", "gz", "黄埔区 番禺区 南沙区 天河区"
    ),
    _place("深圳", "440300 0755 518000", "深圳市科技创新委员会", "sz", "南山区 宝安区 龙岗区"),
    _place("佛山", "440600 0757 528000", "佛山市科学技术局", "fs", "禅城区 南海区 三水区"),
    _place("顺德", "440606 0757 528300", "佛山市顺德区经济和科技促进局", "sd", "顺德区"),
    _place("东莞", "441900 0769 523000", "东莞市科学技术局", "dg", "松山湖 长安镇 虎门镇"),
    _place("珠海", "440400 0756 519000", "珠海市科技和工业信息化局", "zh", "香洲区 金湾区 斗门区"),
    _place("中山", "442000 0760 528400", "中山市科学技术局", "zs", "火炬开发区 小榄镇 古镇镇"),
    _place("惠州", "441300 0752 516000", "惠州市科学技术局", "hz", "惠城区 惠阳区"),
    _place("江门", "440700 0750 529000", "江门市科学技术局", "jm", "蓬江区 江海区 新会区"),
    _place("汕头", "440500 0754 515000", "汕头市科学技术局", "st", "龙湖区 金平区 澄海区"),
    _place("湛江", "440800 0759 524000", "湛江市科学技术局", "zj", "霞山区 赤坎区 麻章区"),
    _place("肇庆", "441200 0758 526000", "肇庆市科学技术局", "zq", "端州区 鼎湖区 高要区"),
    _place("茂名", "440900 0668 525000", "茂名市科学技术局", "mm", "茂南区 电白区"),
    _place("韶关", "440200 0751 512000", "韶关市科学技术局", "sg", "浈江区 武江区"),
    _place("梅州", "441400 0753 514000", "梅州市科学技术局", "mz", "梅江区 梅县区"),
    _place("清远", "441800 0763 511500", "清远市科学技术局", "qy", "清城区 清新区"),
    _place("河源", "441600 0762 517000", "河源市科学技术局", "hy", "源城区 东源县"),
    _place("汕尾", "441500 0660 516600", "汕尾市科学技术局", "sw", "城区 海丰县"),
    _place("阳江", "441700 0662 529500", "阳江市科学技术局", "yj", "江城区 阳东区"),
    _place("潮州", "445100 0768 521000", "潮州市科学技术局", "cz", "湘桥区 潮安区"),
    _place("揭阳", "445200 0663 522000", "揭阳市科学技术局", "jy", "榕城区 揭东区"),
    _place("云浮", "445300 0766 527300", "云浮市科学技术局", "yf", "云城区 云安区"),
)
