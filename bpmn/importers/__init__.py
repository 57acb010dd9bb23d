"""Importing models that were written for other engines, with a list of what could not be carried over."""

from bpmn.importers.spiffworkflow import Imported, import_spiffworkflow

__all__ = ["Imported", "import_spiffworkflow"]
