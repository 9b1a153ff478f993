# %% [markdown]
# # Gap and accuracy
# A network that is right more often has a smaller gap between its classes, whatever is done to its data: gap against error is
# nearly a line. A condition that only costs or gains accuracy moves along it. So a change of a gap is read beside that of
# accuracy, beside what the line makes of that, and beside the change at equal error.

# %% tags=["parameters"]
inputs: dict = {}
figures = "figures"
dataset = "digits"

# %%
import pandas as pd

from hbr.analysis.columns import with_conditions
from hbr.analysis.figures.gap_accuracy import changes_at_equal_accuracy, gap_against_error
from hbr.analysis.figures.style import save_figure, use_style
from hbr.analysis.gap_lines import networks_of
from hbr.analysis.gap_tables import change_table, line_table, lines_sentences, shown_conditions
from hbr.analysis.shown import say, show
from hbr.data.files import read_table

use_style()
conditions = read_table(inputs["conditions"])
labels = dict(zip(conditions["condition"], conditions["label"], strict=True))
trajectories = pd.concat([read_table(path) for path in inputs["trajectories"]])
lines, changes = read_table(inputs["lines"]), read_table(inputs["changes"])
shown = shown_conditions(trajectories, conditions)
networks = networks_of([read_table(path) for path in inputs["networks"]])

# %%
sentences = lines_sentences(changes, "max_min", labels, networks is not None)
say(f"<p><b>{sentences}</b></p>")

# %% [markdown]
# ## Gap against error
# From epoch to epoch a network gets better and its gap smaller. What lies below the control's way has a smaller gap than its
# accuracy explains.

# %%
traced = with_conditions(trajectories, conditions)
save_figure(gap_against_error(traced, shown, lines, networks, "max_min", dataset), figures, "gap_against_error")

# %% [markdown]
# ## The lines
# Least squares of gap (best less worst class) against error: through the second half of the epochs of each reference, and
# through published networks where the study names any. `gap_lines.csv` has all gaps.

# %%
show(line_table(lines[lines["gap"] == "max_min"], labels))

# %% [markdown]
# ## Changes beside accuracy
# Best less worst class, in points, paired by seed. *Beyond* is the change less what the line predicts of that of accuracy. *At
# equal error* both runs are taken at the larger of their two last errors, the one that went further when it last passed it.
# Exploratory; `gap_accuracy.csv` has all gaps.

# %%
named = with_conditions(changes, conditions)
save_figure(changes_at_equal_accuracy(named, "max_min", dataset), figures, "changes_at_equal_accuracy")

# %%
show(change_table(changes, "max_min", labels))
