"""The report in a browser: it asks for nothing, every control does what it says, and everybody can read it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic

from lth.analysis.report.page import write_report


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a small study, without figures by Matplotlib."""
    folder = tmp_path_factory.mktemp("browser")
    example = synthetic.study(3)
    tables = synthetic.write_tables(folder, example, synthetic.write_jobs(folder, example))
    write_report(example, list(tables.values()), [], folder / "report.html", "0" * 64)
    return (folder / "report.html").as_uri()


class Wrong(list[str]):
    """What a page should not do: errors, and requests for anything but itself."""


def opened(browser: Any, address: str, **options: Any) -> tuple[Any, Wrong]:
    """The page, once all charts are drawn."""
    page, wrong = browser.new_page(**options), Wrong()
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("data:", address.split("#", maxsplit=1)[0])) else
            wrong.append(asked.url))  # fmt: skip
    page.goto(address)
    page.wait_for_selector("html[data-drawn=yes]", timeout=300_000)
    return page, wrong


@pytest.fixture(scope="module")
def page(browser: Any, address: str) -> Iterator[Any]:
    found, wrong = opened(browser, address, viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    yield found
    assert wrong == []
    found.close()


def test_a_legend_hides_and_isolates_an_arm_everywhere(page: Any) -> None:
    """In charts, legends and tables; and the address says so."""
    bars = page.locator("#transfer-accuracy .chart svg")
    assert "mnist-shuffled" in bars.inner_html()
    page.locator("#transfer-curves .legend button[data-key=mnist-shuffled]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("!document.querySelector('#transfer-accuracy svg').innerHTML.includes('mnist-shuffled')")
    for pressed in page.locator("button[data-key=mnist-shuffled]").all():
        assert pressed.get_attribute("aria-pressed") == "false"
    assert page.locator("tr[data-key=mnist-shuffled]").first.is_hidden()
    assert page.url.endswith("?x=epochs&scale=linear&y=test+accuracy&hide=mnist-shuffled")
    page.locator("#transfer-accuracy .legend button[aria-label='only cross-own']").click()
    page.wait_for_function("!document.querySelector('#transfer-accuracy svg').innerHTML.includes('mnist-own')")
    assert "cross-own" in bars.inner_html()
    page.locator("#transfer-accuracy .legend .all").click()
    page.wait_for_function("document.querySelector('#transfer-accuracy svg').innerHTML.includes('mnist-shuffled')")


def test_axes_are_chosen(page: Any) -> None:
    chart = page.locator("#-pruning-mnist")
    axis = "[...document.querySelectorAll('#-pruning-mnist svg .role-axis')]"
    ticks = page.evaluate(
        f"{axis}.map((one) => [...one.querySelectorAll('.role-axis-label text')].map((t) => t.textContent))"
    )
    assert ["20", "50", "100"] in ticks  # of the logarithmic axis, and no more grid lines than these
    assert page.evaluate(f"{axis}.map((one) => one.querySelectorAll('.role-axis-grid line').length)")[0] == 3
    for choice, words in (
        ("sparsity", "sparsity (%"),
        ("epochs", "passes over"),
        ("FLOPs", "TFLOPs"),
        ("minutes", "min"),
    ):
        chart.locator("select").first.select_option(choice)
        page.wait_for_function(f"document.querySelector('#-pruning-mnist svg')?.textContent.includes('{words}')")
    before = chart.locator(".chart svg").inner_html()
    chart.locator("select").last.select_option("linear")
    page.wait_for_function("location.hash.includes('scale=linear')")
    page.wait_for_function("document.querySelector('#-pruning-mnist .charts').ariaLabel.endsWith('rounds')")
    assert chart.locator(".chart svg").inner_html() != before


def test_columns_sort_as_numbers(page: Any) -> None:
    head = page.locator("table.sortable").first.locator("thead th", has_text="test acc. %")
    cells = page.locator("table.sortable").first.locator("tbody tr td:nth-child(4)")
    for order in ("ascending", "descending"):
        head.locator("button").click()
        found = [float(text) for text in cells.all_text_contents()]
        assert head.get_attribute("aria-sort") == order
        assert found == sorted(found, reverse=order == "descending")
        assert len(set(found)) > 5


def test_hovering_and_the_table_of_numbers_show_values(page: Any) -> None:
    chart = page.locator("#transfer-differences")
    chart.locator(".mark-symbol.layer_3_marks path").first.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert re.search(r"interval.*to.*p \(Holm\)", page.locator("#vg-tooltip-element").inner_text(), re.DOTALL)
    chart.locator("summary").click()
    rows = 6 * (1 + 3)  # filled when the browser says that it was opened
    page.wait_for_function(f"document.querySelectorAll('#transfer-differences .numbers tbody tr').length === {rows}")


def test_on_paper_everything_is_unfolded_and_nothing_is_cut_off(page: Any) -> None:
    """A page of A4 has 718 pixels between margins of 1 cm."""
    closed = page.locator("details:not([open], .numbers)").count()
    assert closed > 0
    page.set_viewport_size({"width": 718, "height": 1000})
    page.emulate_media(media="print")
    page.wait_for_function("!document.querySelector('details:not([open], .numbers)')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    for box in page.locator(".scroll, pre, .chart svg").all():
        if box.is_visible():
            assert box.evaluate(
                "(one) => one.scrollWidth <= one.clientWidth + 1 && one.getBoundingClientRect().right <= 718"
            )
    page.emulate_media(media="screen")
    page.wait_for_function(f"document.querySelectorAll('details:not([open], .numbers)').length === {closed}")
    page.set_viewport_size({"width": 1000, "height": 800})


def test_nothing_moves_for_those_who_want_no_motion(page: Any) -> None:
    button = page.locator("#transfer-curves .legend button[data-key=dense-dense]")
    assert button.evaluate("(one) => getComputedStyle(one).transitionDuration") == "0s"
    button.click()
    assert page.evaluate("document.getAnimations().length") == 0
    button.click()
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_no_axe_violations_and_no_controls_in_print(page: Any) -> None:
    sync = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = [
        (one["id"], [node["html"] for node in one["nodes"]][:2]) for one in sync.Axe().run(page).response["violations"]
    ]
    assert found == []
    page.emulate_media(media="print")
    assert page.locator(".controls").first.is_hidden()
    page.emulate_media(media="screen")


def test_a_link_opens_a_chart_as_it_was_on_a_dark_phone(browser: Any, address: str) -> None:
    """400 pixels wide, and nothing is cut off; the papers of charts and page are one."""
    state = "#-pruning-mnist?x=sparsity&scale=linear&y=test+loss&hide=dense-dense"
    size = {"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"}
    page, wrong = opened(browser, address + state, **size)
    chart = page.locator("#-pruning-mnist")
    assert [select.input_value() for select in chart.locator("select").all()] == ["sparsity", "test loss", "linear"]
    assert chart.bounding_box()["y"] < 800
    assert page.locator("button[data-key=dense-dense]").first.get_attribute("aria-pressed") == "false"
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 23, 26)"
    sync = pytest.importorskip("axe_playwright_python.sync_playwright")
    assert [one["id"] for one in sync.Axe().run(page).response["violations"]] == []
    assert wrong == []
    page.close()


def test_a_panel_without_values_on_the_chosen_axis_says_so(browser: Any, tmp_path: Path) -> None:
    """Weights that are pruned while a network is trained make steps of unequal cost: no FLOPs, and no minutes."""
    example = synthetic.methods(2)
    tables = synthetic.write_tables(tmp_path, example, synthetic.write_jobs(tmp_path, example))
    write_report(example, list(tables.values()), [], tmp_path / "report.html", "0" * 64)
    page, wrong = opened(browser, (tmp_path / "report.html").as_uri(), viewport={"width": 400, "height": 800})
    chart, panel = page.locator("#-learning"), page.locator("#-learning .panel", has_text="progressive, on mnist")
    assert panel.locator(".chart").is_visible()
    chart.locator("select").first.select_option("minutes")
    panel.locator(".chart").wait_for(state="hidden")
    note = "getComputedStyle(document.querySelector('#-learning .panel.unknown p'), '::after').content"
    assert page.evaluate(note) == '": not known on this axis"'
    assert chart.locator(".panel", has_text="imp, on mnist").locator(".chart").is_visible()
    assert "minutes, all rounds" in chart.locator("svg").first.inner_html()
    chart.locator("select").first.select_option("epochs")
    panel.locator(".chart").wait_for(state="visible")
    page.wait_for_function("document.querySelectorAll('#-learning .panel')[2].querySelector('svg').clientWidth > 200")
    assert wrong == []
    page.close()
