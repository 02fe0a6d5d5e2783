"""The tree that Certificate Transparency's implementations test themselves with: eight leaves, roots, some proofs.

Leaves and hashes are those of google/certificate-transparency (merkle_tree_test.cc) and transparency-dev/merkle. A
proof is written with the names of the nodes in it: `2` is leaf 2, `01` the node over leaves 0 and 1.
"""

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]

ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]

NODES = {
    name: bytes.fromhex(node)
    for name, node in {
        "0": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "1": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "2": "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "3": "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "4": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "5": "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "6": "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "7": "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
        "01": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "23": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "45": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "67": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "0123": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "456": "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
        "4567": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    }.items()
}

INCLUSION = {
    (0, 1): "",
    (0, 8): "1 23 4567",
    (5, 8): "4 67 0123",
    (2, 3): "01",
    (1, 5): "0 23 4",
    (4, 5): "0123",
    (6, 7): "45 0123",
    (4, 7): "5 6 0123",
    (3, 7): "2 01 456",
    (7, 8): "6 45 0123",
}
"""(leaf, size) to the nodes of its proof."""

CONSISTENCY = {
    (1, 1): "",
    (1, 8): "1 23 4567",
    (6, 8): "45 67 0123",
    (2, 5): "23 4",
    (3, 7): "2 3 01 456",
    (4, 7): "456",
    (5, 7): "4 5 6 0123",
    (6, 7): "45 6 0123",
    (7, 8): "6 7 45 0123",
}
"""(older size, newer size) to the nodes of its proof."""


def nodes(names: str) -> list[bytes]:
    """The hashes of the nodes that these names stand for."""
    return [NODES[name] for name in names.split()]
