"""The demo caseload: invented people with stories told by several sources, dated relative to today."""
