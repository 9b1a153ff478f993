"""The version of the project; results say which one made them."""

VERSION = "0.2.0"
