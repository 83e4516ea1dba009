import unittest

from server import page


class PageTest(unittest.TestCase):
    def test_greets(self) -> None:
        self.assertIn("Hello there", page("Hello there"))

    def test_escapes(self) -> None:
        self.assertNotIn("<script>", page("<script>"))


if __name__ == "__main__":
    unittest.main()
