"""Content on its way: up in parts, down into files and memory, encrypted where that was asked for."""
