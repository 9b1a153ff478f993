"""What the workflow alone needs: study files, commands, dry runs, pages, claims and the audit."""
