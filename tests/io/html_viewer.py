#!/usr/bin/env python3
"""A browser shows the pages of graphs: names, shapes, scopes and kernels are there after the script ran, scopes open and close,
and nothing is complained about."""
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                # noqa: E402

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


class seen(html.parser.HTMLParser):
    """What stands on a page: elements (class, name) and the texts in them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.scripts, self.inside = [], [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.scripts += tag == "script"
        self.inside.append(tag)
        if "class" in attributes or "data-kernel" in attributes:
            self.elements.append((set((attributes.get("class") or "").split()), attributes.get("data-name"), attributes))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.inside.pop()

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if self.inside and self.inside[-1] not in ("script", "style"):
            self.texts.append(data.strip())

    def names(self, kind):
        return {name for classes, name, _ in self.elements if kind in classes and name is not None}

    def count(self, kind):
        return sum(kind in classes for classes, _, _ in self.elements)


class browser:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def __call__(self, page, fragment="", script=""):
        """The page after its script ran, and then `script`."""
        path = self.folder / f"{page}.html"
        if script:
            text = path.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
            path = self.folder / f"{page}-clicked.html"
            path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [self.path, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=1400,900",
             f"--user-data-dir={self.folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", path.as_uri() + fragment],
            capture_output=True, text=True, encoding="utf-8", timeout=environment.PATIENCE)
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        check(not said, f"{page}{fragment}: {said}")
        found = seen(done.stdout)
        check("</html>" in done.stdout and found.names("node"), f"{page}{fragment} was not shown: {done.stderr[-2000:]}")
        return found


CLICK = """const click = (of, name) => [...document.querySelectorAll(of)].find(g => (g.dataset.name ?? g.textContent) === name)
    .dispatchEvent(new MouseEvent('click', {bubbles: true}));
"""
BAR = "document.querySelector('.scope.open[data-name=\"%s\"] > .bar').dispatchEvent(new MouseEvent('click', {bubbles: true}));"


def check_small(show):
    page = show("addition")
    check(page.names("leaf") == {"a", "b", "addition/add"} and page.names("open") == {"addition"}, "addition")
    check(page.names("input") == {"a", "b"} and page.texts.count("int8 ()") == 3, "its inputs")
    page = show("addition", script=CLICK + BAR % "addition")
    check(page.names("leaf") == {"a", "b"} and page.names("closed") == {"addition"}, "a click on a title closes the scope")

    page = show("layer")
    check(page.names("variable") == {"weights", "bias"} == page.names("closed"), "variables begin closed")
    check({"pixels", "Reshape", "Conv2D", "add", "Relu", "init"} <= page.names("leaf"), "nodes of the layer")
    check({"float32 (batch, 28, 28, 32)", "float32 (5, 5, 1, 32)", "0.1"} <= set(page.texts), "shapes and a constant")
    check(page.count("control") == 2, "control edges")
    page = show("layer", script=CLICK + "click('.node', 'weights');")
    check({"weights", "weights/read", "weights/Assign"} <= page.names("leaf"), "a click opens a variable")
    check("weights" in page.names("open") and page.names("closed") == {"bias"}, "a variable is open")


def check_training(show):
    page = show("kernels")
    check(page.names("closed") == {"hidden", "readout", "gradients", "momentum"}, "scopes begin closed")
    check(not page.names("open") and "gradients/Relu_grad/Select" not in page.names("leaf"), "nothing is open")
    check([a["data-kernel"] for _, _, a in page.elements if "data-kernel" in a] == [str(k) for k in range(9)], "the legend")
    check(page.count("dim") == 0, "nothing is dim")
    name = "gradients/Relu_grad/Select"
    page = show("kernels", f"#open=gradients/Relu_grad&select={name}&kernel=2")
    check(page.names("open") == {"gradients", "gradients/Relu_grad"}, "a scope of the address is open, with those around it")
    check(page.names("selected") == {name} and page.count("near") >= 3, "a node of the address is selected, with its edges")
    told = {"SelectV2", "Inputs", "Outputs", "Read by", "In kernels", "float32 (batch, 128)",
            "gradients/readout/MatMul_grad/MatMul", "gradients/hidden/MatMul_grad/MatMul"}
    check(told <= set(page.texts), f"it is told about: {told - set(page.texts)}")
    check(name in page.names("dim") and "readout" not in page.names("dim"), "what is not in the kernel is dim")
    page = show("kernels", script=CLICK + "click('.kernels li', 'kernel 0 ' + root.parts.get(0));")
    check("momentum" in page.names("dim") and "images" not in page.names("dim"), "a click on a kernel")
    name = "gradients/Relu_grad/Greater"
    page = show("kernels", script=CLICK + f"search.value = 'RELU'; search.oninput(); click('.found a', '{name}');")
    check("Relu" in page.texts and page.names("selected") == {name}, "what was found is gone to")
    page = show("kernels", script=CLICK + "click('button', 'open all');")
    check(not page.names("closed") and len(page.names("leaf")) > 60, "all scopes are open")
    page = show("kernels", "#open=*", script=CLICK + "click('button', 'close all');")
    check(len(page.names("closed")) == 4 and not page.names("open"), "all scopes are closed")


def check_large(show):
    page = show("many")
    check(len(page.names("closed")) == 40 and page.names("leaf") == {"x"}, "a large graph begins closed")
    check("far" in {c for classes, _, _ in page.elements for c in classes}, "its readers tell what is far away")
    page = show("many", "#open=*")
    check(len(page.names("leaf")) == 2001, f"{len(page.names('leaf'))} of 2001 nodes")
    check(len(show("flat").names("leaf")) == 2000, "a graph with no scopes")


def check_strange(show):
    page = show("strange", "#open=*")
    evil = "</script><script>alert(1)</script>"
    wanted = {evil, "one/<b>first</b>", "two/__proto__", "one/'\" onload=alert(2)", "two/constructor", "/", "after"}
    check(page.names("leaf") == wanted, f"strange names: {page.names('leaf') ^ wanted}")
    check(page.scripts == 2 and "b" not in page.inside, "a name is no markup")
    check(page.names("chip") == {"\ufffd"}, "bytes that are no text")
    show("strange", "#open=%00&open=__proto__&select=toString&kernel=constructor&find=%3Cb%3E&nonsense")


def main():
    path = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if path is None:
        print("skipped: there is no chromium")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        subprocess.run([environment.build("html", scratch, []), scratch], check=True)
        for page in scratch.glob("*.html"):
            text = page.read_text(encoding="utf-8")
            check(not re.search(r"https?:|src=|href=|url\((?!#)", text), f"{page.name} needs something else")
        show = browser(path, scratch)
        check_small(show)
        check_training(show)
        check_large(show)
        check_strange(show)
    print("\n".join(failures + [f"{len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
