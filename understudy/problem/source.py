"""Where a problem's rows come from."""

from pydantic import Field, model_validator

from understudy.problem.part import Part


class DataFile(Part):
    """One file inside an installed data package, pinned by content."""

    path: str
    """Path inside the package."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class DataPackage(Part):
    """A package that only carries data: located by path, never imported."""

    name: str
    version: str
    files: dict[str, DataFile] = Field(min_length=1)


class Source(Part):
    """Either a file (``path``) or a dotted function that reads a data package."""

    path: str | None = None
    """CSV or Parquet file, absolute or from the project's root; an id called ``row_number`` is made if it has none."""
    function: str | None = None
    """``module:function`` taking ``{file name: path}`` and returning ``{table name: pyarrow.Table}``."""
    package: DataPackage | None = None
    cite: str = ""
    licence: str = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        if (self.path is None) == (self.function is None):
            raise ValueError("give either path (a CSV or Parquet file) or function (module:function)")
        return self
