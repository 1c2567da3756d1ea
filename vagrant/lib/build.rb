require "json"

# What `vagrant up` and `vagrant provision` need of the clone, built once however many machines ask for it.
module NuageChainLab
  LOCK = Mutex.new

  def self.build(provider, box, catalogue)
    LOCK.synchronize do
      @before ||= version(catalogue)
      @built ||= system(File.expand_path("build", __dir__), provider, box) or raise "vagrant/lib/build failed."
      # Vagrant has chosen the box already.
      raise "The box has been built again: call vagrant once more." unless [nil, version(catalogue)].include?(@before)
    end
  end

  # nil where no box was built yet.
  def self.version(catalogue)
    JSON.parse(File.read(catalogue))["versions"].first["version"] if File.exist?(catalogue)
  end
end
