# Finds the gems and vendored libraries with compiled extensions, and requires
# each in this one process. Reports a line of JSON for each step, behind a
# nonce, so that what a gem prints can't be taken for a report.
require "json"
require "rbconfig"
require "rubygems"

NONCE = ENV.delete("EVERYARCH_NONCE")
SKIP = JSON.parse(ENV.delete("EVERYARCH_SKIP") || "[]")
ONLY = JSON.parse(ENV.delete("EVERYARCH_ONLY") || "[]")
ENV.delete("EVERYARCH_ARCH")
OUT = IO.for_fd(1, autoclose: false)

def say(report)
  OUT.syswrite("\n#{NONCE} #{JSON.generate(report)}\n")
end

def head(path)
  (File.binread(path, 20) || "").unpack1("H*")
rescue SystemCallError
  ""
end

def objects(root)
  Dir.glob(File.join(root, "**", "*.so")).sort
end

modules = []
taken = {}
Gem::Specification.each do |spec|
  next if spec.default_gem?
  roots = ([spec.extension_dir] + spec.full_require_paths).select { |root| root && File.directory?(root) }
  # Debian's gems share the vendor folders; what lies there has its own turn.
  roots.reject! { |root| root.start_with?(RbConfig::CONFIG["vendordir"]) }
  found = roots.flat_map { |root| objects(root).map { |path| [path, path.delete_prefix("#{root}/").delete_suffix(".so")] } }
  found = found.uniq(&:last).reject { |path, _| taken[path] }
  next if found.empty? && spec.extensions.empty?
  found.each { |path, _| taken[path] = true }
  problem = found.empty? ? { code: "gem-extension-not-built", wanted: spec.extensions, there: [] } : nil
  modules << { key: spec.full_name, name: spec.name, version: spec.version.to_s, place: spec.full_gem_path, found: found, problem: problem, gem: spec.name }
end
%w[vendorarchdir sitearchdir].each do |folder|
  root = RbConfig::CONFIG[folder]
  next unless root && File.directory?(root)
  objects(root).group_by { |path| path.delete_prefix("#{root}/").split("/").first.delete_suffix(".so") }.each do |name, paths|
    found = paths.reject { |path| taken[path] }.map { |path| [path, path.delete_prefix("#{root}/").delete_suffix(".so")] }
    next if found.empty?
    modules << { key: File.join(root, name), name: name, version: "", place: root, found: found, problem: nil, gem: nil }
  end
end
modules.select! { |entry| ONLY.include?(entry[:name]) } unless ONLY.empty?
modules.sort_by! { |entry| entry[:key] }

say(found: modules.map { |entry|
  entry.slice(:key, :name, :version, :place, :problem).merge(files: entry[:found].map { |path, _| { path: path, head: head(path) } })
})
modules.each do |entry|
  next if SKIP.include?(entry[:key])
  say(loading: entry[:key])
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  texts = []
  notes = []
  begin
    gem(entry[:gem]) if entry[:gem]
  rescue LoadError => error
    notes << error.message.lines.first.to_s.strip
  end
  entry[:found].each do |path, feature|
    begin
      require feature
    rescue LoadError
      # An object that can't be found by its feature name is loaded by its path.
      begin
        require path
      rescue LoadError => again
        texts << again.message
      end
    rescue StandardError, NotImplementedError => error
      notes << "#{feature}: #{error.class}: #{error.message.lines.first.to_s.strip}"
    end
  end
  seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
  say(loaded: entry[:key], ok: texts.empty?, text: texts.uniq.join("\n")[0, 8000], notes: notes.first(5), seconds: seconds)
end
say(done: true)
exit!(0)
