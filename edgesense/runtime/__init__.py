"""TFLite runtimes behind one interface: load a model, look into its file, know what each runtime can load."""
