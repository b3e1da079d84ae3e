"""The patches of defects still apply, and each says what it is and which test finds it."""

import unittest

import run


class MutantsTest(unittest.TestCase):
    def test_every_patch_applies_and_names_its_test(self):
        mutants = run.all_mutants()
        self.assertTrue(mutants)
        for mutant in mutants:
            with self.subTest(mutant.name):
                run.apply(mutant, run.ROOT, "--check")
                self.assertTrue(mutant.targets and mutant.test and mutant.shows)

    def test_a_stale_patch_is_an_error(self):
        mutant = run.all_mutants()[0]
        stale = run.Mutant("stale", run.HERE / "run.py", mutant.defect, mutant.targets, mutant.test, mutant.shows)
        with self.assertRaises(run.Broken):
            run.apply(stale, run.ROOT, "--check")


if __name__ == "__main__":
    unittest.main()
